"""How figures look: colours, dashes and sizes of `static/theme.json`, and the way from chart to SVG."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from harmony.reporting.stylesheet import static

Scheme = Literal["light", "dark"]
Width = Literal["wide", "narrow"]

#: More curves than this in one picture cannot be told apart; they become further pictures.
CURVES_PER_PICTURE: Final = 4
#: More groups than this are shown as a table only.
MOST_GROUPS: Final = 8


_GEOMETRY: Final = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')
_LONG_NUMBER: Final = re.compile(r"-?\d+\.\d{2,}")
#: Vega describes each mark by its data and class. Inside an <img> nobody reads that, but the page's alt text.
_NOISE: Final = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|font-family)="[^"]*"| opacity="1"')
_CLIP: Final = re.compile(r"(?<=[\"#])clip\d+")
_EMPTY: Final = re.compile(r'<path d=""[^>]*/>')


@dataclass(frozen=True)
class Look:
    """One of the four forms of a figure: light or dark, wide or narrow."""

    scheme: Scheme
    width: Width

    @property
    def narrow(self) -> bool:
        """True for the form shown on a phone."""
        return self.width == "narrow"

    @property
    def config(self) -> dict[str, Any]:
        """The Vega-Lite config."""
        return _theme()[self.scheme]

    @property
    def colours(self) -> dict[str, str]:
        """Named colours: bg, surface, line, control, text, muted."""
        return _theme()["usermeta"][self.scheme]

    @property
    def groups(self) -> list[str]:
        """Colours of groups 1 to 8."""
        return self.config["range"]["category"]

    @property
    def labels(self) -> list[str]:
        """Text colours of groups 1 to 8, readable on the ground."""
        return _theme()["usermeta"]["label_colours_by_group"][self.scheme]

    @property
    def dashes(self) -> list[list[int]]:
        """Dash patterns of groups 1 to 8."""
        return _theme()["usermeta"]["dashes_by_group"]

    @property
    def sizes(self) -> dict[str, Any]:
        """Sizes in pixels of the plots."""
        return _theme()["usermeta"]["sizes"][self.width]


#: The four forms of every figure; the first is the fall-back and the printed one.
LOOKS: Final = (
    Look("light", "wide"),
    Look("light", "narrow"),
    Look("dark", "wide"),
    Look("dark", "narrow"),
)


def to_svg(chart: Any, look: Look) -> str:
    """
    Draw an Altair chart as SVG with equal bytes for equal charts; its text stays text.

    Parameters
    ----------
    chart : altair chart
        Without config; the look brings it.
    """
    import vl_convert

    spec = chart.to_dict(validate=False)
    spec["config"] = look.config
    svg = vl_convert.vegalite_to_svg(json.dumps(spec, sort_keys=True))
    # The font stands once at the root instead of at each text, and the file becomes half as large.
    small = _EMPTY.sub("", _NOISE.sub("", svg)).replace(
        "<svg ", f'<svg font-family="{look.config["font"]}" ', 1
    )
    return _GEOMETRY.sub(_rounded, _renumbered(small))


def _renumbered(svg: str) -> str:
    # Vega counts clip paths through the whole process; the file must not tell what was drawn before it.
    names: dict[str, str] = {}
    return _CLIP.sub(lambda match: names.setdefault(match[0], f"clip{len(names)}"), svg)


def _rounded(attribute: re.Match[str]) -> str:
    # A tenth of a pixel cannot be seen, and the file becomes a third smaller. Text is never touched.
    return _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), attribute[0])


@cache
def _theme() -> dict[str, Any]:
    return json.loads(static("theme.json"))
