"""What the tests in a browser share: Chromium with a film for its camera, driven by Playwright
(`pip install -e ".[browser]"`), and a watch over each page."""

import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import website
from in_browser import SECONDS, write_camera

from tinyfer.page.picture import chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    driver = pytest.importorskip("playwright.sync_api", reason="needs the browser extra")
    if chromium() is None:
        pytest.skip("needs Chromium")
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(camera)
    with driver.sync_playwright() as one, one.chromium.launch(
            executable_path=chromium(), args=[
                "--no-sandbox", "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}"]) as launched:
        yield launched


@pytest.fixture
def visit(browser):
    """A function that opens a page; nothing may be wrong on it, or come from elsewhere."""
    pages, wrong = [], []

    def opened(home, name="", width=1280, height=900, scheme="light"):
        page = browser.new_page(viewport=dict(width=width, height=height), color_scheme=scheme)
        pages.append(page)
        page.set_default_timeout(1000 * SECONDS)
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith((home, "blob:", "data:"))
                else wrong.append(asked.url))
        page.goto(home + name)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert wrong == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """The terminal stays quiet."""


def served(folder):
    """Yields the address of a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the website."""
    for module in "sphinx", "furo", "myst_parser", "latex2mathml", "ziamath":
        pytest.importorskip(module, reason="needs the docs extra")
    out = tmp_path_factory.mktemp("site") / "site"
    subprocess.run([sys.executable, ROOT / "scripts/course/website.py", "--out", out], check=True)
    return out


@pytest.fixture(scope="session")
def course(site):
    """The address of the website."""
    yield from served(site)


@pytest.fixture(scope="session")
def front(tmp_path_factory):
    """The address of its front page alone, which is made without Sphinx."""
    out = tmp_path_factory.mktemp("front")
    website.front_page(out)
    (out / "favicon.ico").touch()       # a browser asks for it beside a page of text
    yield from served(out)
