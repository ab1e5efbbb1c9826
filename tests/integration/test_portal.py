"""The portal and the report in a real browser and over HTTP, on a public zone as the demo leaves it."""

from __future__ import annotations

import importlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import find_chromium
from fastapi.testclient import TestClient

from harmony.portal.app import create_app
from harmony.portal.catalogue_view import steps
from harmony.portal.headers import SECURITY_HEADERS
from harmony.reporting.public import HIDDEN, NOT_DECLARED
from harmony.reporting.scenes import PartyHolding, Scene, render_index

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reporting"))
public_example = importlib.import_module("public_example")
report_example = importlib.import_module("report_example")

REPORT = f"/reports/{report_example.RESULT}"
PAGES = ("/", "/catalogue", "/deliveries", "/reports", REPORT, "/nowhere")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
#: Width in pixels and colour scheme of each look that a page must stand.
VIEWS = ((1200, "light"), (1200, "dark"), (390, "light"), (320, "dark"))
AXE_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    public_example.fill(folder)
    return folder


@pytest.fixture(scope="module")
def client(network) -> TestClient:
    return TestClient(create_app(network), raise_server_exceptions=False)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_carries_the_security_headers_and_no_script(client, page):
    answer = client.get(page)
    assert answer.status_code == (404 if page == "/nowhere" else 200)
    for name, value in SECURITY_HEADERS.items():
        if name != "Content-Security-Policy":
            assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "<script" not in answer.text


def test_the_policy_of_pages_is_the_one_that_was_agreed(client):
    assert client.get("/").headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_the_catalogue_shows_six_counts_per_row_in_separate_blocks(client):
    text = client.get("/catalogue").text
    public, synthetic = (text.index(f'class="block b-{mark}"') for mark in ("public", "synthetic"))
    assert public < text.index("EBMT tables") < synthetic < text.index("Hospital Norte")
    assert 'b-patient"' not in text
    for count in ("18,240", "15,110", "13,690", "12,940", "12,870", "11,460"):
        assert count in text
    assert '▼ </span><span class="vh">largest loss: </span>−3,130 (17%)' in text
    assert "grand total" in text and "All providers" not in text


def test_undeclared_hidden_and_zero_look_different_in_the_catalogue(client):
    text = client.get("/catalogue").text
    assert text.count('<div class="num v">not declared</div>') == 2
    assert text.count('<div class="num v">[c]</div>') == 2
    assert text.count('<div class="num v">0</div>') == 4
    assert "the provider gave no number; it is not 0." in text


def test_no_loss_is_shown_across_a_hidden_count_because_it_would_give_it_away():
    found = steps((420, 338, HIDDEN, HIDDEN, 276, 164))
    assert [step.loss for step in found] == ["", "−82 (20%)", "", "", "", "−112 (41%)"]
    assert [step.bar for step in found] == ["100.0", "80.5", None, None, "65.7", "39.0"]
    assert [step.largest for step in found] == [False, False, False, False, False, True]


def test_a_row_without_declared_counts_measures_its_bars_from_the_first_number():
    found = steps((NOT_DECLARED, NOT_DECLARED, 200, 100, 100, 100))
    assert [step.bar for step in found] == [None, None, "100.0", "50.0", "50.0", "50.0"]
    assert found[3].largest and found[4].loss == "none lost"


def test_a_stopped_delivery_says_where_and_what_happens_next(client):
    text = client.get("/deliveries").text
    assert text.count('<ol class="track">') == 3 and text.count('<li class="stop">') == 1
    assert text.count('<li class="done">') == 10 + 6 + 7
    assert "Stopped: </span></span>" in text and "1 fatal problem" in text
    assert "Write the year with four digits in follow_up.csv" in text
    assert "1 of 3 are in a release; 1 stopped." in text


def test_a_report_is_served_byte_for_byte_as_it_was_published(client, network):
    published = network / "platform" / "public" / "reports" / report_example.RESULT / "report.html"
    answer = client.get(REPORT)
    assert answer.content == published.read_bytes()
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]


def test_a_changed_report_is_refused_on_a_page_that_says_whom_to_tell(tmp_path):
    public = public_example.fill(tmp_path)
    path = public / "reports" / report_example.RESULT / "report.html"
    path.write_text(path.read_text() + " ")
    answer = TestClient(create_app(tmp_path), raise_server_exceptions=False).get(REPORT)
    assert answer.status_code == 503
    assert "E-HASH" in answer.text and "steward" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("page", ["/reports/RES-ffffffffffff", "/reports/..%2f..%2fzone.toml", "/docs", "/x"])
def test_an_unknown_address_says_what_to_do(client, page):
    answer = client.get(page)
    assert answer.status_code == 404
    assert "What you can do" in answer.text and 'href="/reports"' in answer.text


def test_nothing_can_be_sent_to_the_portal(client):
    answer = client.post("/catalogue")
    assert answer.status_code == 405
    assert "This page can only be read." in answer.text


def test_a_fault_of_ours_gives_a_reference_and_the_same_headers(network):
    app = create_app(network)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a private word")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert "reference" in answer.text and "private word" not in answer.text
    assert answer.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


def test_an_empty_network_says_how_things_get_there(tmp_path):
    client = TestClient(create_app(tmp_path))
    assert "Counts appear here" in client.get("/catalogue").text
    assert "harmony provider pack" in client.get("/deliveries").text
    assert "two checkers" in client.get("/reports").text
    assert client.get("/").status_code == 200


def test_the_health_address_answers_a_probe(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.fixture(scope="module")
def address(network) -> Iterator[str]:
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(network), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.started
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def files(network, tmp_path_factory) -> dict[str, str]:
    """Addresses of the report and of the demo's start page as files."""
    index = tmp_path_factory.mktemp("demo") / "index.html"
    scenes = [Scene(n, f"Scene {n}", "A claim.", "harmony demo", "output " * 40) for n in range(1, 7)]
    parties = [PartyHolding(p, ("one thing",), ("another",)) for p in ("Hospital", "TTP", "Platform")]
    index.write_text(render_index(scenes, parties, [("Network", "demo")]))
    report = network / "platform" / "public" / "reports" / report_example.RESULT / "report.html"
    return {"report": report.as_uri(), "index": index.as_uri()}


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield found
        found.close()


def look_at(browser, url: str, views=VIEWS) -> dict:
    """Open a page in every view; return foreign requests, blocked styles, and what each view shows."""
    page = browser.new_page()
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    try:
        page.goto(url, wait_until="load")
        # Closed tables of numbers are alike; one of each page is looked at.
        page.evaluate("document.querySelectorAll('details.why').forEach(d => d.open = true)")
        page.evaluate(
            "for (const d of [...document.querySelectorAll('details.data')].slice(0, 1)) d.open = true"
        )
        seen = {view: look_at_view(page, *view) for view in views}
        home = url.split("/", 3)[2]
        local = ("data:", "file:", f"http://{home}/") if home else ("data:", "file:")
        return {
            "foreign": [request for request in requests if not request.startswith(local)],
            "blocked": [text for text in messages if "Content Security Policy" in text],
            "views": seen,
        }
    finally:
        page.close()


def look_at_view(page, width: int, scheme: str) -> dict:
    """Return overflow in pixels, whether pictures and font are there, and axe's findings."""
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth > 0)", timeout=5000)
    return {
        "overflow": page.evaluate("document.documentElement.scrollWidth - window.innerWidth"),
        "font": page.evaluate("document.fonts.check('16px \"Source Sans 3\"')"),
        "axe": [
            (finding["id"], [node["target"] for node in finding["nodes"]][:3])
            for finding in Axe().run(page, options=AXE_RULES).response["violations"]
        ],
    }


CLEAN = {
    "foreign": [],
    "blocked": [],
    "views": {view: {"overflow": 0, "font": True, "axe": []} for view in VIEWS},
}


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("page", [page for page in PAGES if page != REPORT])
def test_a_page_is_accessible_fits_and_loads_nothing_foreign(browser, address, page):
    assert look_at(browser, address + page) == CLEAN


@pytest.mark.needs("chromium")
def test_a_served_report_keeps_style_font_and_pictures_under_the_portals_policy(browser, address):
    found = look_at(browser, address + REPORT, views=VIEWS[:1])
    assert found == {**CLEAN, "views": {VIEWS[0]: CLEAN["views"][VIEWS[0]]}}


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("name", ["report", "index"])
def test_a_file_opened_from_disk_is_accessible_fits_and_loads_nothing(browser, files, name):
    assert look_at(browser, files[name]) == CLEAN


@pytest.mark.needs("chromium")
def test_the_check_finds_a_foreign_request_a_blocked_style_and_a_missing_alternative(
    browser, tmp_path, files
):
    # The page that every check above must refuse.
    bad = tmp_path / "bad.html"
    page = Path(files["index"].removeprefix("file://")).read_text()
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    frame = '<iframe src="http://127.0.0.1:9/" title="x"></iframe>'
    wrong = f'<img src="{dot}"><p class="nowrap" style="color:red">{"W " * 300}</p>{frame}'
    page = page.replace("<h1>", f"{wrong}<h1>").replace("img-src data:;", "img-src data:; frame-src *;", 1)
    bad.write_text(page)
    found = look_at(browser, bad.as_uri())
    assert found["foreign"] == ["http://127.0.0.1:9/"] and found["blocked"]
    view = found["views"][390, "light"]
    assert "image-alt" in [name for name, _ in view["axe"]] and view["overflow"] > 500


@pytest.mark.needs("chromium")
def test_the_picture_follows_scheme_and_width(browser, files):
    shown = set()
    for width, scheme in ((1200, "light"), (1200, "dark"), (390, "light"), (390, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(files["report"])
        shown.add(page.evaluate("document.querySelector('picture img').currentSrc"))
        page.close()
    assert len(shown) == 4


@pytest.mark.needs("chromium")
def test_on_paper_every_explanation_stands_open_and_closed_tables_take_no_room(browser, files):
    page = browser.new_page()
    page.goto(files["report"])
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('details.why .why-body')].map(e => e.getBoundingClientRect().height)"
    )
    tables = page.evaluate(
        "[...document.querySelectorAll('details.data')].map(e => e.getBoundingClientRect().height)"
    )
    page.close()
    assert len(heights) == 10 and min(heights) > 40
    assert len(tables) == 5 and max(tables) == 0


@pytest.mark.needs("chromium")
def test_the_first_stop_of_the_keyboard_is_the_skip_link(browser, address):
    page = browser.new_page()
    page.goto(address + "/catalogue")
    page.keyboard.press("Tab")
    first = page.evaluate(
        "[document.activeElement.textContent, document.activeElement.getBoundingClientRect().top]"
    )
    page.close()
    assert first[0] == "Skip to the content" and first[1] >= 0
