"""The page in one picture, for the README: a drawn face, and what is inside a unit that sees it.

Chromium takes it, driven by Playwright: `pip install -e ".[browser]"`.
"""

import shutil
import threading

from tinyfer.page.questions import Questions
from tinyfer.page.server import Server

WIDTH, HEIGHT = 1280, 1100
LAYER, COLUMN, ROW = 2, 18, 12      # of the unit: the third strip, and where on it


def chromium():
    """The path of a Chromium, or None."""
    names = "chromium", "chromium-browser", "google-chrome"
    return next(filter(None, map(shutil.which, names)), None)


def take_picture(path):
    """Write a PNG of the page. ValueError where there is no Playwright or no Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ValueError("a picture of the page needs Playwright: "
                         'pip install -e ".[browser]"') from None
    if chromium() is None:
        raise ValueError("a picture of the page needs Chromium, and there is none on the path")
    questions = Questions()
    questions.warm_up()
    server = Server(0, questions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport=dict(width=WIDTH, height=HEIGHT), color_scheme="light")
        page.goto(f"{server.address}#layers")
        page.wait_for_selector(".strip canvas >> nth=22")
        page.locator(".strip canvas").nth(LAYER).click(position=dict(x=COLUMN, y=ROW))
        page.wait_for_selector("#unit h3")
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)
        page.screenshot(path=path)
        browser.close()
    server.shutdown()
