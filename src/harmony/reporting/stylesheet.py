"""
The one stylesheet of reports and portal, and the policy that lets a page use it and nothing else.

The base is missing.css 1.3.0 in a layer below ours, so that our rules win without `!important`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import Final

from harmony.errors import Tampered

BASE_FILE: Final = "missing-1.3.0.min.css"
#: SHA-256 of the base as its makers published it; a changed file is refused.
BASE_SHA256: Final = "766efde97562e53e03949f498e74d3e24bc1b2eb197a5079da3dd65c7b0eb457"
FONT_FILE: Final = "source-sans-3-latin-wght-normal.woff2"
#: Our own rules in the order in which they are read.
OWN_FILES: Final = (
    "1-tokens.css",
    "2-page.css",
    "3-tables.css",
    "4-parts.css",
    "5-catalogue.css",
    "6-track.css",
    "7-phone.css",
    "8-print.css",
)

#: Characters of the embedded font (latin subset); others come from the fall-back fonts.
FONT_RANGE: Final = (
    "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, "
    "U+2191, U+2193, U+2212, U+2215"
)


def static(name: str) -> bytes:
    """Return the bytes of one file of `reporting/static`."""
    return resources.files("harmony.reporting").joinpath("static", name).read_bytes()


@cache
def stylesheet(font_address: str) -> str:
    """
    Return base and own rules as one text.

    Parameters
    ----------
    font_address : str
        Address of the font file, or a `data:` address with the font itself.

    Raises
    ------
    Tampered
        When the base is not the file that its makers published.
    """
    base = static(BASE_FILE)
    if hashlib.sha256(base).hexdigest() != BASE_SHA256:
        raise Tampered(f"{BASE_FILE} is not the published file.", "Install the package again.")
    face = (
        '@font-face{font-family:"Source Sans 3";font-weight:200 900;font-display:swap;'
        f'src:url("{font_address}") format("woff2");unicode-range:{FONT_RANGE}}}'
    )
    own = "".join(static(name).decode() for name in OWN_FILES)
    return f"@layer base,own;\n{face}\n@layer base{{{base.decode()}}}\n@layer own{{\n{own}}}\n"


def embedded_stylesheet() -> str:
    """Return the stylesheet with the font inside, for a file that needs no network."""
    return stylesheet("data:font/woff2;base64," + base64.b64encode(static(FONT_FILE)).decode())


def page_policy(html: str) -> str:
    """
    Return the Content-Security-Policy that fits a self-contained page: its own styles, pictures and fonts
    as `data:`, and nothing else; no script can run and no address can be fetched.

    Parameters
    ----------
    html : str
        The whole page; each `<style>` element's hash enters the policy.
    """
    styles = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    hashes = " ".join(f"'sha256-{_digest(style)}'" for style in styles) or "'none'"
    return (
        f"default-src 'none'; style-src {hashes}; img-src data:; font-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
