"""scripts/play.py in a browser: what its program answers, presses in their order, tabs, training.

What the same panels do with a picture, the camera, paint, patches and units is tested on the
website (test_website_browser.py), where they are the same.
"""

import contextlib
import re

import numpy as np
import pytest
from in_browser import close, pixels, rest, serious_faults, set_slider, shown, until
from page_client import serving
from PIL import Image
from small import small_cnn

from tinyfer.core.networks import ARCHITECTURES, load_model
from tinyfer.data.drawn import draw_face
from tinyfer.data.pictures import face_of
from tinyfer.page import picture as page_picture
from tinyfer.photo.finder import find_faces


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """It offers a small network first, which takes no time."""
    path = tmp_path_factory.mktemp("model") / "small.npz"
    small_cnn(classes=5, class_names=load_model("five-class-study").class_names).save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "small_cnn", small_cnn)
        with serving([path]) as one:
            one.questions.warm_up("five-class-study")
            yield one


@pytest.fixture
def open_page(visit, server):
    """A function that opens the page, so wide and in such a scheme, and waits for its answer."""
    def opened(panel="cover", network=None, **size):
        page = visit(server.address, f"#{panel}", **size)
        page.wait_for_selector("#answer tr.strong")
        if network:
            page.select_option("#network", network)
        rest(page)
        return page

    return opened


def test_superseded_questions_are_not_asked(open_page):
    """Two hundred moves of a slider in a row: few are drawn, and the last one is."""
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.eval_on_selector("#measure-lift", """async input => {
        for (let n = 0; n < 200; n++) {
            input.value = -0.2 + n * 0.4 / 199;
            input.dispatchEvent(new Event("input"));
            if (n % 20 === 0) await new Promise(done => setTimeout(done)); } }""")
    last = page.eval_on_selector("#measure-lift", "input => Number(input.value)")
    until(page, lambda: np.array_equal(pixels(page), draw_face("happy", lift=last)), "the face")
    rest(page)
    assert 1 <= asked.count("draw") < 50 and asked.count("answer") <= asked.count("draw")


def test_a_dropped_picture_opens_and_a_text_does_not(open_page):
    page = open_page()
    drop = """async kind => {
        const canvas = document.createElement("canvas"), files = new DataTransfer();
        canvas.width = canvas.height = 60;
        const picture = await new Promise(done => canvas.toBlob(done));
        files.items.add(kind === "text" ? new File(["words"], "a.txt")
                                        : new File([picture], "a.png"));
        document.dispatchEvent(new DragEvent("drop", {dataTransfer: files})); }"""
    page.evaluate(drop, "text")
    until(page, lambda: "a.txt is no picture" in page.inner_text("#notice"), "the notice")
    page.evaluate(drop, "picture")
    until(page, lambda: page.is_visible("#picture-square canvas"), "the picture")
    until(page, lambda: (pixels(page) == 255).all(), "the face: transparent is white")
    assert page.is_hidden("#notice"), "a notice ends with the next success"


def test_every_face_of_a_picture_can_be_clicked(open_page, tmp_path):
    scene = Image.new("L", (460, 200), 128)
    for n, name in enumerate(["happy", "surprise"]):
        scene.paste(Image.fromarray(draw_face(name, size=150)), (40 + 230 * n, 25))
    scene.save(tmp_path / "two.png")
    boxes = [face.box for face in find_faces(scene)]
    assert len(boxes) == 2
    page = open_page()
    page.click("[data-panel=picture]")
    page.set_input_files("#file", tmp_path / "two.png")
    until(page, lambda: page.locator("#picture-square button").count() == 2, "the buttons")
    rest(page)
    assert close(pixels(page), face_of(scene, boxes[0]))
    canvas = page.locator("#picture-square canvas")
    scale = canvas.bounding_box()["width"] / scene.width
    x, y, side, _ = boxes[1]
    canvas.click(position=dict(x=(x + side / 2) * scale, y=(y + side / 2) * scale))
    until(page, lambda: close(pixels(page), face_of(scene, boxes[1])), "the other face")
    page.click("#picture-square button >> nth=0")
    until(page, lambda: close(pixels(page), face_of(scene, boxes[0])), "the first face again")


def test_nothing_old_stands_beside_a_new_picture(open_page, tmp_path):
    """Before its face is there all is faded; while a map is on its way, that map."""
    page = open_page()
    Image.fromarray(draw_face("fear", size=200)).save(tmp_path / "face.png")
    held = []

    def faded(part):
        return page.eval_on_selector(part, "each => getComputedStyle(each).opacity < 0.5")

    for question in "cut", "map":
        page.route(f"**/{question}", lambda route: held.append(route))
    page.click("[data-panel=picture]")
    page.set_input_files("#file", tmp_path / "face.png")
    for part in "#face", "#answer", "#cover-shown", "#maps figure":
        until(page, lambda: faded(part), part)
    page.unroute("**/cut")
    held.pop(0).continue_()
    until(page, lambda: not faded("#answer") and held, "the answer")
    assert faded("#maps figure")
    page.unroute("**/map")
    for route in held:
        with contextlib.suppress(Exception):        # unroute has let some go already
            route.continue_()
    until(page, lambda: not faded("#maps figure"), "the maps")


def test_a_nudged_weights_gradient_is_the_difference(open_page):
    page = open_page("nudge", "five-class-study")
    assert page.inner_text("#weight-name").startswith("conv1.w[")
    for value in None, 0.1:
        if value:
            set_slider(page, "#weight", value)
            rest(page)
        error = page.locator("#slopes dd").all_inner_texts()[3]
        assert error == "0" or "10⁻" in error, "below 0.001"
    assert page.eval_on_selector("#curve", "canvas => canvas.width") > 300


def test_every_press_counts_and_each_tab_has_its_own_network(open_page):
    page, other = open_page("step"), open_page("step")
    page.select_option("#step-label", "sad")
    set_slider(page, "#rate", -2)
    rest(page)
    start = shown(page, "#step-answer")
    page.eval_on_selector("#one", "button => { for (let n = 0; n < 5; n++) button.click(); }")
    until(page, lambda: page.inner_text("#steps") == "5 steps taken", "the number of steps")
    rest(page)
    assert shown(page, "#step-answer")["sad"] > start["sad"]
    losses = re.search(r"from ([\d.]+) to ([\d.]+)\.", page.inner_text("#step-words"))
    assert float(losses[2]) < float(losses[1])
    other.click("#one")
    rest(other)
    assert other.inner_text("#steps") == "1 step taken"
    page.click("#reset")
    rest(page)
    assert shown(page, "#step-answer") == start and page.inner_text("#steps") == ""


def test_one_trains_a_network_and_watches(open_page):
    page = open_page("train")
    until(page, lambda: "knows nothing" in page.inner_text("#train-words"), "the beginning")

    def steps():
        found = re.search(r"After ([\d]+) step", page.inner_text("#train-words"))
        return int(found[1]) if found else 0

    page.click("#play")
    until(page, lambda: steps() >= 8, "the steps")
    page.click("#play")
    assert page.inner_text("#play") == "Play"
    page.wait_for_timeout(500)
    now = steps()
    page.wait_for_timeout(300)
    assert steps() == now, "a pause is one"
    page.click("#play-step")
    until(page, lambda: steps() == now + 1, "one step")
    counts = page.locator("#confusion td").all_inner_texts()
    assert sum(int(count) for count in counts if count.isdigit()) == 140
    assert page.locator("#filters > div").count() == 8
    assert sum(shown(page, "#train-answer").values()) == pytest.approx(1, abs=0.04)


def test_a_game_has_a_score(open_page):
    page = open_page("game")
    page.click("#game-start")
    until(page, lambda: np.array_equal(pixels(page), draw_face("neutral")), "a plain face")
    assert page.is_hidden("#expressions") and "s left" in page.inner_text("#game-time")
    wanted = page.inner_text("#game-wanted").removeprefix("Make this face: ")
    set_slider(page, "#measure-open", 0.3)
    rest(page)
    best = float(page.inner_text("#game-words").split("best ")[1])
    assert best >= shown(page)[wanted]
    page.click("#game-end")
    assert page.inner_text("#game-words") == f"{round(100 * best)} of 100 points for {wanted}."
    assert page.is_visible("#expressions")


def test_the_tour_has_six_steps(open_page):
    page, titles = open_page(network="five-class-study"), []
    page.click("#tour")
    for step in range(6):
        rest(page)
        titles.append(page.inner_text("#guide h2"))
        until(page, lambda: page.locator(".framed").bounding_box(), "what is framed")
        if step < 5:
            page.click("#guide-next")
    assert titles == ["A face", "A pixel", "A unit", "A layer", "The answer", "The gradient"]
    assert page.is_hidden("#guide-next")
    page.keyboard.press("Escape")
    until(page, lambda: page.is_hidden("#guide"), "the end")
    pixel = page.locator("#face").bounding_box()["width"] / 48
    page.hover("#face", position=dict(x=30.5 * pixel, y=20.5 * pixel))
    assert page.inner_text("#pixel") == f"row 20, column 30: {draw_face('happy')[20, 30]}"


@pytest.mark.parametrize("width, scheme", [(400, "dark"), (1440, "light"), (2560, "dark")])
def test_it_fits_every_screen(open_page, width, scheme, tmp_path):
    """Nothing sticks out at the side, everything has a name, and the colours are the scheme's."""
    page = open_page(width=width, scheme=scheme)
    for panel in "layers", "nudge", "step", "train", "game", "cover":
        page.click(f"[data-panel={panel}]")
        rest(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert width == 2560 or serious_faults(page) == [], panel
    sliders, inside = (page.locator(each).bounding_box() for each in ("#sliders", "#inside"))
    below = sliders["y"] >= inside["y"] + inside["height"]
    assert below == (width == 400), "on a phone the panel comes before the sliders"
    page.screenshot(path=tmp_path / "page.png")
    picture = np.asarray(Image.open(tmp_path / "page.png").convert("L"))
    assert (np.median(picture) < 60) == (scheme == "dark")


def test_the_page_says_when_the_program_has_ended(browser):
    with serving() as short_lived:
        page = browser.new_page()
        page.goto(short_lived.address)
        page.wait_for_selector("#answer tr.strong")
        rest(page)
    page.route("**", lambda route: route.abort())
    page.click("#plain")
    until(page, lambda: "start it again" in page.inner_text("#notice"), "the notice")
    page.context.close()


def test_the_moving_picture_shows_a_training(open_page, tmp_path):
    """Here of a small network; the README's is that of `tinyfer play --picture FILE.webp`."""
    page_picture.film(open_page(), tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.n_frames >= 25 and film.size == page_picture.SHOWN
        first = np.asarray(film.convert("L"), int)
        film.seek(film.n_frames - 1)
        assert np.abs(np.asarray(film.convert("L"), int) - first).mean() > 3
    assert (tmp_path / "film.webp").stat().st_size < 2_000_000
