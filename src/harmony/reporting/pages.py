"""
Writes pages: a report as one file that needs no network, and what portal and demo share.

Style, font and pictures stand inside the file; its Content-Security-Policy allows exactly these.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from harmony.reporting import words
from harmony.reporting.document import Report
from harmony.reporting.stylesheet import embedded_stylesheet, page_policy


def render_report(report: Report) -> str:
    """
    Return a study report as one HTML file.

    Parameters
    ----------
    report : Report
        Safe results only: what it does not hold cannot be shown.

    Returns
    -------
    str
        The same text for the same report, byte for byte.
    """
    from harmony.reporting.sections import show_blocks

    return render_page(
        "report.html.j2",
        title=report.title,
        report=report,
        blocks=show_blocks(report),
        sheet_line=_sheet_line(report),
    )


def render_page(template: str, *, sheet_line: str = "", **values: Any) -> str:
    """
    Return a self-contained page.

    Parameters
    ----------
    template : str
        File in `reporting/templates`.
    sheet_line : str
        Printed at the foot of every sheet of paper.
    **values
        What the template writes.
    """
    css = embedded_stylesheet() + _sheet_rule(sheet_line)
    policy = page_policy(f"<style>{css}</style>")
    return environment("reporting").get_template(template).render(css=Markup(css), policy=policy, **values)


@cache
def environment(package: str) -> jinja2.Environment:
    """
    Return the template environment of a package of ours, with the shared templates behind its own.

    Parameters
    ----------
    package : str
        `reporting` or `portal`; its folder `templates` is searched first.
    """
    loaders = [jinja2.PackageLoader(f"harmony.{name}") for name in dict.fromkeys((package, "reporting"))]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["words"] = words
    return made


def _sheet_line(report: Report) -> str:
    releases = {
        section.explanation.release
        for block in report.blocks
        for section in block.sections
        if hasattr(section, "explanation")
    }
    return " · ".join([report.study, report.result, *sorted(releases)])


def _sheet_rule(line: str) -> str:
    if not line:
        return ""
    safe = "".join(character for character in line if character.isalnum() or character in " -·.,:")
    return f'@media print{{@page{{@bottom-left{{content:"{safe}";font:8pt Arial,sans-serif}}}}}}\n'
