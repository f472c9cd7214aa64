"""The page as a moving picture, for the README.

Chromium takes it, driven by Playwright: `pip install -e ".[browser]"`.
"""

import io
import shutil
import threading
from pathlib import Path

from PIL import Image

from tinyfer.page.questions import Questions
from tinyfer.page.server import Server

SIZE = dict(width=1200, height=873)
SHOWN = 800, 582            # pixels of the moving picture
SET = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"


def chromium():
    """The path of a Chromium, or None."""
    names = "chromium", "chromium-browser", "google-chrome"
    return next(filter(None, map(shutil.which, names)), None)


def take_picture(path):
    """Write a WebP or GIF of the page in use. ValueError where there is no Playwright or no
    Chromium, or for another kind of file."""
    if Path(path).suffix.lower() not in (".webp", ".gif"):
        raise ValueError(f"{path}: expected a name that ends in .webp or .gif")
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
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(server.address)
        film(page, path)
        browser.close()
    server.shutdown()


def film(page, path):
    """A face that opens its mouth, a mouth that is covered, a unit, and a network that learns."""
    frames, times = [], []

    def take(milliseconds):
        page.wait_for_timeout(50)
        while page.locator("[aria-busy=true]").count():
            page.wait_for_timeout(20)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        frames.append(picture.resize(SHOWN, Image.Resampling.LANCZOS))
        times.append(milliseconds)

    page.wait_for_selector("#answer tr.strong")
    take(900)
    page.click("#expressions >> text=neutral")
    for step in range(9):
        page.eval_on_selector("#measure-open", SET, 0.05 * step)
        page.eval_on_selector("#measure-brow_in", SET, 0.02 * step)
        take(150 if step < 8 else 1200)
    page.click("#expressions >> text=happy")
    take(800)
    page.click("[data-region=mouth]")
    take(1600)
    page.click("[data-panel=layers]")
    take(900)
    page.locator(".strip canvas").nth(2).click(position=dict(x=18, y=12))
    take(1600)
    page.click("[data-panel=train]")
    take(700)
    page.select_option("#speed", "fast")
    for _ in range(16):
        before = page.inner_text("#train-words")
        page.click("#play")
        page.click("#play")         # a pause after ten steps
        while page.inner_text("#train-words") == before:
            page.wait_for_timeout(20)
        take(180)
    times[-1] = 2500
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=times, loop=0,
                   **dict(quality=70, method=6) if Path(path).suffix.lower() == ".webp" else {})
