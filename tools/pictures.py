"""
Makes the pictures of the documentation: `python tools/pictures.py NETWORK OUT`.

NETWORK is a network with a filled public zone, for example the one that `harmony demo` leaves. OUT gets
report.png (the newest report's answer and first curve) and portal.png (the catalogue). Needs Chromium.
"""

from __future__ import annotations

import argparse
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from browser import find_chromium
from playwright.sync_api import sync_playwright

from harmony.actors import visitor
from harmony.portal.app import create_app

ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
WIDTH, HEIGHT = 1200, 900


@contextmanager
def served(network: Path) -> Iterator[str]:
    """Serve the portal of a network on a free local port and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(network), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def take(network: Path, out: Path) -> list[Path]:
    """Take both pictures and return their paths; refuses a network without a published report."""
    reports = visitor.reports(network)
    if not reports:
        raise SystemExit(f"{network} has no published report: run harmony demo first.")
    out.mkdir(parents=True, exist_ok=True)
    wanted = {"report.png": f"/reports/{reports[0].result}", "portal.png": "/catalogue"}
    with served(network) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        for name, path in wanted.items():
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            page.goto(address + path)
            page.evaluate("document.fonts.ready")
            figure = page.locator("figure").first
            if name == "report.png" and figure.count():
                # The answer stands on top and the first curve below the fold: show both.
                bottom = figure.evaluate("e => Math.ceil(e.getBoundingClientRect().bottom)")
                page.set_viewport_size({"width": WIDTH, "height": bottom + 24})
            page.screenshot(path=out / name, full_page=name == "portal.png")
        browser.close()
    return [out / name for name in wanted]


def main() -> None:
    """Read the two arguments and take the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("network", type=Path, help="network with a filled public zone")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    arguments = parser.parse_args()
    for path in take(arguments.network, arguments.out):
        print(path)


if __name__ == "__main__":
    main()
