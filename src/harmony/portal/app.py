"""
The portal: pages made on the server from what the public zone holds; no script is needed for any of them.

A route calls one function of `actors.visitor` and fills one template.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from harmony import __version__
from harmony.actors import visitor
from harmony.errors import HarmonyError, UsageError
from harmony.portal.catalogue_view import HEADINGS, blocks
from harmony.portal.headers import SECURITY_HEADERS
from harmony.reporting import words
from harmony.reporting.document import Mark
from harmony.reporting.pages import environment
from harmony.reporting.stylesheet import FONT_FILE, page_policy, static, stylesheet

_LOG: Final = logging.getLogger("harmony.portal")
#: Class of a stage in the track, by its state.
_CLASSES: Final = {"done": "done", "stopped": "stop", "running": "now", "waiting": "next"}
_FOUND: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


def create_app(network: Path) -> FastAPI:
    """
    Make the portal of a network.

    Parameters
    ----------
    network : Path
        The network's folder; only `platform/public` below it is read, anew for each page.
    """
    # No API pages: their scripts come from other hosts.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_secured)
    _add_errors(app)
    _add_files(app)
    _add_pages(app, network)
    _add_deliveries(app, network)
    _add_reports(app, network)
    return app


def _add_pages(app: FastAPI, network: Path) -> None:
    @app.get("/", response_class=HTMLResponse)
    def start() -> HTMLResponse:
        found = visitor.catalogue(network)
        marks = {row.mark for row in found.rows}
        return _page(
            "start.html.j2",
            "/",
            "Start",
            marks,
            [("Counted", _when(found.counted_at))],
            catalogue=found,
            deliveries=visitor.deliveries(network),
            reports=visitor.reports(network),
        )

    @app.get("/catalogue", response_class=HTMLResponse)
    def catalogue() -> HTMLResponse:
        found = visitor.catalogue(network)
        marks = {row.mark for row in found.rows}
        facts = [("Counted", _when(found.counted_at))]
        return _page(
            "catalogue.html.j2",
            "/catalogue",
            "Catalogue",
            marks,
            facts,
            blocks=blocks(found.rows),
            headings=HEADINGS,
        )


def _add_deliveries(app: FastAPI, network: Path) -> None:
    @app.get("/deliveries", response_class=HTMLResponse)
    def deliveries() -> HTMLResponse:
        found = visitor.deliveries(network)
        marks = {row.mark for row in found.rows}
        stopped = sum(row.current.state == "stopped" for row in found.rows)
        released = sum(row.current.state == "done" for row in found.rows)
        return _page(
            "deliveries.html.j2",
            "/deliveries",
            "Deliveries",
            marks,
            [("As of", _when(found.as_of))],
            rows=found.rows,
            classes=_CLASSES,
            sentence=f"{released} of {len(found.rows)} are in a release; {stopped} stopped.",
        )


def _add_reports(app: FastAPI, network: Path) -> None:
    @app.get("/reports", response_class=HTMLResponse)
    def reports() -> HTMLResponse:
        found = visitor.reports(network)
        marks = {mark for report in found for mark in report.marks}
        facts = [("Newest", _when(found[0].published_at) if found else "none yet")]
        return _page("reports.html.j2", "/reports", "Reports", marks, facts, reports=found)

    @app.get("/reports/{result}", response_class=HTMLResponse)
    def report(result: str) -> HTMLResponse:
        try:
            html = visitor.report(network, result)
        except UsageError as error:
            raise HTTPException(404) from error
        if html is None:
            raise HTTPException(404)
        # The report brings its own style; the policy allows exactly that and still no script.
        policy = f"{page_policy(html)}; frame-ancestors 'none'"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def _add_files(app: FastAPI) -> None:
    css = stylesheet(f"/static/{FONT_FILE}")
    font = static(FONT_FILE)

    @app.get("/static/harmony.css")
    def style() -> Response:
        return Response(css, media_type="text/css", headers=_FOUND)

    @app.get(f"/static/{FONT_FILE}")
    def typeface() -> Response:
        return Response(font, media_type="font/woff2", headers=_FOUND)

    @app.get("/healthz")
    def health() -> PlainTextResponse:
        return PlainTextResponse("ok\n")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def missing(request: Request, error: HTTPException) -> HTMLResponse:
        if error.status_code == 404:
            what = "There is no page at this address. It may have been withdrawn, or the address is cut."
            return _error(
                404, "Page not found", what, "Begin at the start page, or open the list of reports."
            )
        what = "This page can only be read."
        return _error(error.status_code, "Not possible here", what, "Open the page by its link.")

    @app.exception_handler(HarmonyError)
    async def refused(request: Request, error: HarmonyError) -> HTMLResponse:
        _LOG.error("page refused code=%s", error.code)
        next_step = f"Tell the platform’s steward: {error.code}. {error.next_step}"
        return _error(503, "Error: this page cannot be shown", error.what, next_step)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> HTMLResponse:
        reference = secrets.token_hex(4)
        _LOG.error("page failed reference=%s kind=%s", reference, type(error).__name__)
        what = "The portal made a mistake. Nothing was changed."
        page = _error(500, "Error: a fault of ours", what, f"Tell the steward the reference {reference}.")
        # This answer is made outside the middleware that sets the headers of all others.
        page.headers.update(SECURITY_HEADERS)
        return page


async def _secured(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _page(
    template: str, here: str, title: str, marks: set[Mark], facts: list[tuple[str, str]], **values: Any
) -> HTMLResponse:
    return HTMLResponse(
        environment("portal")
        .get_template(template)
        .render(
            here=here,
            title=title,
            banner=words.banner(marks),
            facts=[*facts, ("Code", __version__)],
            style_version=_style_version(),
            **values,
        )
    )


def _error(status: int, title: str, what: str, next_step: str) -> HTMLResponse:
    page = _page("error.html.j2", "", title, set(), [], what=what, next_step=next_step)
    page.status_code = status
    return page


def _style_version() -> str:
    return hashlib.sha256(stylesheet(f"/static/{FONT_FILE}").encode()).hexdigest()[:12]


def _when(instant: str) -> str:
    return words.moment(instant) if instant else "nothing counted yet"
