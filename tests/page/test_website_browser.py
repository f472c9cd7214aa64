"""The website in Chromium: the network answers as Python does, and what should move moves."""

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from page_client import FACE, message
from test_website import chapters, site  # noqa: F401, a fixture

from tinyfer.page.message import Question
from tinyfer.page.picture import chromium
from tinyfer.page.questions import Questions

playwright = pytest.importorskip("playwright.sync_api", reason="needs the browser extra")
if chromium() is None:
    pytest.skip("needs Chromium", allow_module_level=True)

FIVE = "five-class-study"
# With noise: on a plain background equal values compete in a pool, and rounding decides.
NOISY = (FACE * 0.9 + np.random.default_rng(0).integers(0, 25, FACE.shape)).astype(np.uint8)
SECONDS = 60


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """The terminal stays quiet."""


@pytest.fixture(scope="module")
def address(site):  # noqa: F811
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver, driver.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"]) as one:
        yield one


@pytest.fixture
def visit(browser, address):
    """A function that opens a page; nothing may be wrong on it, or come from elsewhere."""
    pages, wrong = [], []

    def opened(name, width=1280, scheme="light"):
        page = browser.new_page(viewport=dict(width=width, height=900), color_scheme=scheme)
        pages.append(page)
        page.set_default_timeout(1000 * SECONDS)
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.append(asked.url)
                if not asked.url.startswith((address, "blob:", "data:")) else None)
        page.goto(address + name)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert wrong == []


ASK = """async ([name, fields, face]) => {
    const {answer} = await import("/page/browser.js");
    const {next, ...told} = await answer(name, fields, new Uint8Array(face)), arrays = [];
    for (let array = next(); array; array = next()) arrays.push([...array]);
    return [told, arrays]; }"""
LOOK = dict(network=FIVE, training=False, mask=0)
UNITS = [dict(zip(("layer", "i", "j", "k"), unit)) for unit in (
    (0, 20, 16, 4), (1, 9, 9, 3), (2, 9, 9, 1), (4, 7, 8, 5), (18, 0, 0, 77), (19, 0, 0, 9),
    (22, 0, 0, 1))]


def test_the_browsers_answers_are_pythons(visit):
    """Of both sources of answers, each question that both answer: the same words and numbers."""
    page, questions = visit(""), Questions()
    asked = [("answer", LOOK), ("strips", LOOK),
             ("draw", dict(expression="sad", person=0, measures=dict(open=0.2))),
             *(("map", LOOK | dict(method=method, target="happy"))
               for method in ("gradient", "gradient*input")),
             *(("unit", LOOK | unit | dict(target="happy")) for unit in UNITS)]
    for name, fields in asked:
        told, arrays = page.evaluate(ASK, [name, fields, NOISY.ravel().tolist()])
        content = questions.ask(name, Question(message(fields, NOISY)))
        end = 4 + int.from_bytes(content[:4], "little")
        expected = json.loads(content[4:end])
        for key, value in told.items():
            agree(value, expected[key], f"{name} {fields} {key}")
        kind = {"strips": np.int8, "draw": np.uint8}.get(name, np.float32)
        found, right = np.concatenate([[], *arrays]), np.frombuffer(content[end:], kind)
        most = 1 if kind != np.float32 else 1e-3 * float(np.abs(right).max(initial=0))
        assert found == pytest.approx(right.astype(float), abs=most), f"{name} {fields}"


def agree(found, right, where):
    if isinstance(found, list):
        assert len(found) == len(right), where
        for pair in zip(found, right):
            agree(*pair, where)
    elif isinstance(found, dict):
        for key in found:
            agree(found[key], right[key], where)
    elif isinstance(found, float):
        assert found == pytest.approx(right, rel=1e-3, abs=1e-4), where
    else:
        assert found == pytest.approx(right, abs=1e-4) if isinstance(right, float) else (
            found == right), where


@pytest.mark.parametrize("width, scheme", [(400, "light"), (1280, "dark")])
def test_the_front_page_is_alive(visit, width, scheme):
    page = visit("", width, scheme)
    page.wait_for_selector("#answer tr.strong")
    before = page.inner_text("#answer")
    page.eval_on_selector("#measure-open", """input => {
        input.value = 0.4; input.dispatchEvent(new Event("input")); }""")
    page.wait_for_function("before => document.getElementById('answer').innerText !== before",
                           arg=before)
    page.click("[data-region=mouth]")
    page.wait_for_function(
        "() => /goes from 0/.test(document.getElementById('cover-words').innerText)")
    page.click("[data-panel=layers]")
    page.wait_for_selector(".strip canvas >> nth=22")
    page.locator(".strip canvas").nth(2).click(position=dict(x=18, y=12))
    page.wait_for_selector("#unit h3")
    page.click("[data-panel=train]")
    assert "tinyfer play" in page.inner_text("#train")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


FIGURES = {"secant": "gradient-checks", "window": "convolution",
           "wilson": "what-is-the-score-worth", "regions": "layers-and-the-chain-rule"}


def page_of(slug):
    return f"{chapters.CHAPTERS[chapters.of(slug) - 1].page.stem}.html"


@pytest.mark.parametrize("figure, width, scheme", [
    ("secant", 400, "dark"), ("window", 1280, "light"), ("wilson", 1280, "dark"),
    ("regions", 400, "light")])
def test_a_figure_moves_by_its_keys(visit, figure, width, scheme):
    page = visit(page_of(FIGURES[figure]), width, scheme)
    place = page.locator(f".moving[data-figure={figure}]")
    place.scroll_into_view_if_needed()
    said = place.locator(".said")
    page.wait_for_function("each => each.innerText.length > 20", arg=said.element_handle())
    before = said.inner_text()
    place.locator("canvas, input").nth(0 if figure == "window" else 1).focus()
    page.keyboard.press("ArrowLeft" if figure in ("secant", "wilson") else "ArrowRight")
    assert said.inner_text() != before
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_questions_and_exercises_are_checked_and_kept(visit):
    page = visit(page_of("seven-faces"))
    fields = page.locator(".by-hand input")
    fields.first.fill("1/3")
    fields.first.press("Tab")
    page.wait_for_selector(".by-hand .right, .by-hand .wrong")
    first = page.inner_text(".by-hand label >> nth=0")
    assert re.search("right|no", first)
    page.click("#five-quick-questions button:has-text('Show the answer') >> nth=0")
    assert page.locator(".answer >> nth=0").is_visible()
    page.reload()
    page.wait_for_selector(".by-hand input")
    assert page.input_value(".by-hand input >> nth=0") == "1/3"


def test_the_search_finds_a_chapter(visit):
    page = visit("search.html?q=adjoint")
    page.wait_for_selector("ul.search li a")
    assert "Convolution" in page.inner_text("ul.search")
