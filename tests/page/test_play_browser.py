"""scripts/play.py in a real browser: every panel once, by mouse and by keyboard, with a camera.

Chromium without a window, driven by Playwright (`pip install -e ".[browser]"`). Every test ends
with a look at the console and at what was asked for: no error, and nothing from elsewhere.
"""

import contextlib
import re
import time

import numpy as np
import pytest
from page_client import serving
from PIL import Image
from small import small_cnn

from tinyfer.commands.play import write_door
from tinyfer.core.inference import to_input
from tinyfer.core.networks import ARCHITECTURES, load_model
from tinyfer.data.drawn import draw_face
from tinyfer.data.pictures import face_of
from tinyfer.page import picture as page_picture
from tinyfer.page.picture import chromium
from tinyfer.photo.finder import find_faces

playwright = pytest.importorskip("playwright.sync_api", reason="needs the browser extra")
if chromium() is None:
    pytest.skip("needs Chromium", allow_module_level=True)

SECONDS = 90        # of patience: the first picture may have to wait for kernels to be compiled


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(camera)
    with playwright.sync_playwright() as driver, driver.chromium.launch(
            executable_path=chromium(), args=[
                "--no-sandbox", "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}"]) as one:
        yield one


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


@pytest.fixture(scope="module")
def model(server):
    return server.questions.networks[server.questions.networks.names[0]].model


@pytest.fixture
def open_page(browser, server):
    """A function that opens the page, so wide and in such a scheme, and waits for its answer."""
    pages, wrong = [], []

    def open_it(width=1280, height=900, scheme="light", panel="cover", network=None):
        page = browser.new_page(viewport=dict(width=width, height=height), color_scheme=scheme)
        page.set_default_timeout(1000 * SECONDS)
        pages.append(page)
        page.on("console", lambda message: wrong.append(message.text)
                if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(server.address)
                else wrong.append(asked.url))
        page.goto(f"{server.address}#{panel}")
        page.wait_for_selector("#answer tr.strong")
        if network:
            page.select_option("#network", network)
        rest(page)
        return page

    yield open_it
    for page in pages:
        page.context.close()
    assert wrong == []


def until(page, condition, words="the page"):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"{words} is not as it should be after {SECONDS} seconds"
        page.wait_for_timeout(10)


def rest(page):
    """Wait until nothing is computed any more."""
    page.wait_for_timeout(30)
    until(page, lambda: page.locator("[aria-busy=true]").count() == 0)


def pixels(page, selector="#face"):
    """The grey values of a canvas of 48 x 48 pixels."""
    values = page.evaluate("""selector => {
        const canvas = document.querySelector(selector);
        return [...canvas.getContext("2d").getImageData(0, 0, 48, 48).data]; }""", selector)
    return np.array(values, np.uint8).reshape(48, 48, 4)[..., 0]


def set_slider(page, selector, value):
    page.eval_on_selector(selector, """(input, value) => {
        input.value = value; input.dispatchEvent(new Event("input")); }""", value)


def shown(page, table="#answer"):
    """The numbers of a table of bars, by their names."""
    found = page.eval_on_selector_all(f"{table} tr", """rows => rows.map(row =>
        [row.querySelector("th").innerText, Number(row.querySelector(".value").innerText)])""")
    return dict(found)


def assert_answers(page, model, face, table="#answer"):
    expected = model.predict_proba(face[None])[0]
    for name, p in zip(model.class_names, expected):
        assert shown(page, table)[name] == pytest.approx(p, abs=0.006)


def write_camera(path):
    """A film of a drawn face that goes from left to right, as Chromium reads it for a camera."""
    frames = []
    for n in range(120):
        face = np.full((240, 320), 128, np.uint8)
        face[60:220, 20 + n:20 + n + 160] = draw_face("surprise", size=160)
        frames.append(b"FRAME\n" + face.tobytes() + bytes([128]) * (2 * 120 * 160))
    path.write_bytes(b"YUV4MPEG2 W320 H240 F5:1 Ip A1:1 C420jpeg\n" + b"".join(frames))


def test_a_drawn_face_answers_while_its_sliders_move(open_page, model):
    page = open_page()
    assert np.array_equal(pixels(page), draw_face("happy"))
    assert_answers(page, model, draw_face("happy"))
    page.click("#expressions >> text=surprise")
    rest(page)
    set_slider(page, "#measure-open", 0.1)
    face = draw_face("surprise", open=0.1)
    until(page, lambda: np.array_equal(pixels(page), face), "the face")
    rest(page)
    assert_answers(page, model, face)
    page.click("#person")
    until(page, lambda: not np.array_equal(pixels(page), face), "another person")


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


def test_a_picture_is_cut_where_the_square_stands(open_page, model, tmp_path):
    """As scripts/predict.py would; the square moves by keys and by the mouse."""
    scene = Image.new("RGB", (400, 300), (90, 120, 150))
    scene.paste(Image.fromarray(draw_face("fear", size=200)), (120, 60))
    scene.save(tmp_path / "scene.png")
    page = open_page()
    page.click("[data-panel=picture]")
    page.set_input_files("#file", tmp_path / "scene.png")
    until(page, lambda: page.is_visible("#find"), "the picture")
    rest(page)
    box = find_faces(scene)[0].box
    first = face_of(scene, box)
    assert close(pixels(page), first), "the finder places the square"
    assert_answers(page, model, pixels(page))
    page.focus("#picture-square canvas")
    for key in ("-", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    smaller = pixels(page)
    until(page, lambda: not close(pixels(page), first, 0.5), "the moved square")
    box = page.locator("#picture-square canvas").bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 60, steps=4)
    page.mouse.up()
    until(page, lambda: not close(pixels(page), smaller, 3), "the dragged square")


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


def test_the_square_follows_the_face_before_the_camera(open_page, model):
    page = open_page()
    page.click("[data-panel=camera]")
    assert page.is_hidden("#camera-square canvas"), "nothing starts by itself"
    page.click("#camera-start")
    scene = np.full((240, 320), 128, np.uint8)
    scene[60:220, 80:240] = draw_face("surprise", size=160)
    expected = face_of(Image.fromarray(scene), find_faces(scene)[0].box)
    near = []

    def seen():
        """The square is about the face while that goes all the way across: 36 where it is not."""
        page.wait_for_timeout(100)
        near.append(close(pixels(page), expected, 25))
        return sum(near) >= 40

    until(page, seen, "the face of the camera")
    page.locator("#camera-square canvas").press("-")
    until(page, lambda: not page.is_checked("#follow"), "the square in hand")
    page.click("#camera-stop")
    page.wait_for_timeout(150)
    rest(page)
    assert_answers(page, model, pixels(page))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(200)
    assert asked == [] and page.is_visible("#camera-start")


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
        with contextlib.suppress(playwright.Error):     # the page may have given it up
            route.continue_()
    until(page, lambda: not faded("#maps figure"), "the maps")


def close(face, other, mean=2.0):
    return np.abs(face.astype(int) - other).mean() < mean


def test_pixels_are_painted_by_mouse_and_keyboard(open_page):
    page = open_page()
    page.click("[data-panel=paint]")
    page.click("#greys button >> nth=4")
    box = page.locator("#easel").bounding_box()
    side = box["width"] / 48
    page.mouse.move(box["x"] + 10.5 * side, box["y"] + 20.5 * side)
    page.mouse.down()
    page.mouse.move(box["x"] + 30.5 * side, box["y"] + 20.5 * side)
    page.mouse.up()
    rest(page)
    painted = draw_face("happy")
    painted[19:22, 9:32] = 255
    assert np.array_equal(pixels(page), painted)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    rest(page)
    painted[21:24, 29:32] = 255
    assert np.array_equal(pixels(page), painted)
    page.click("#undo")
    page.click("#undo")
    assert np.array_equal(pixels(page), draw_face("happy"))


def test_covering_shows_what_the_maps_had_promised(open_page, model):
    page = open_page()
    assert page.locator("#maps figure").count() == 3
    page.click("[data-region=mouth]")
    rest(page)
    face = draw_face("happy")
    covered = face.copy()
    covered[31:42, 12:36] = round(face.mean())
    assert np.array_equal(pixels(page, "#covered"), covered)
    assert_answers(page, model, covered, "#cover-answer")
    words = page.inner_text("#cover-words")
    assert re.search(r"11 % of the pixels covered, the probability of \w+ goes from 0\.", words)
    assert "promised" in page.inner_text("#maps figure >> nth=0")
    page.click("#methods >> text=gradcam")
    rest(page)
    assert "promises no number" in page.inner_text("#maps figure >> nth=3")
    page.click("#uncover")
    rest(page)
    page.focus("#covered")
    page.keyboard.press("Space")
    rest(page)
    page.focus("#covered")
    page.eval_on_selector("#covered", "canvas => canvas.blur()")
    assert 0 < (pixels(page, "#covered") != face).sum() <= 49
    assert "2 % of the pixels covered" in page.inner_text("#cover-words")


def test_layers_open_down_to_one_number(open_page):
    page = open_page(panel="layers", network="five-class-study")
    strips = page.locator(".strip[role=group]")
    assert strips.count() == 23
    scores = [words.split("\n") for words in page.locator(".names span").all_inner_texts()]
    five = load_model("five-class-study")
    logits = five.forward(to_input(draw_face("happy")[None], five.dtype))[0]
    assert [name for name, _ in scores] == list(five.class_names)
    for (_, score), logit in zip(scores, logits):
        assert float(score.replace("−", "-")) == pytest.approx(logit, abs=0.03)
    page.locator("#strips canvas").nth(2).click(position=dict(x=60, y=20))
    rest(page)
    text = page.inner_text("#unit")
    total = re.search(r"= (−?[\d.]+)\n", text)[1]
    assert "conv2" in text and "26 others" in text and "Chapter 6" in text and float(
        total.replace("−", "-")) != 0
    before = page.inner_text("#unit h3")
    strips.nth(2).focus()
    page.keyboard.press("ArrowRight")
    rest(page)
    assert page.inner_text("#unit h3") != before
    for number, words in (1, "running ones"), (4, "alone gets the gradient"), (5, "does nothing"), (
            18, "under another number"), (19, "bias"), (22, "bias"):
        strips.nth(number).focus()
        page.keyboard.press("Enter")
        rest(page)
        assert words in page.inner_text("#unit")
    page.check("#training")
    strips.nth(5).focus()
    page.keyboard.press("PageDown")
    rest(page)
    assert re.search("Kept|Dropped", page.inner_text("#unit"))


def test_a_weight_is_nudged_from_where_it_is_seen(open_page):
    page = open_page(panel="layers", network="five-class-study")
    page.locator("#strips canvas").nth(0).click(position=dict(x=20, y=20))
    rest(page)
    page.click("#unit .grid3 button >> nth=4")
    rest(page)
    assert page.inner_text("#weight-name").startswith("conv1.w[1, 1, 0, ")
    for value in None, 0.1:
        if value:
            set_slider(page, "#weight", value)
            rest(page)
        texts = page.locator("#slopes dd").all_inner_texts()
        found = [float(text.replace("−", "-")) for text in texts if "·" not in text]
        assert found[1] == pytest.approx(found[2], rel=1e-4)
    assert page.eval_on_selector("#curve", "canvas => canvas.width") > 300
    page.click("#steepest")
    rest(page)
    assert page.inner_text("#weight-name").startswith("conv1.w[")


def test_steps_lower_the_loss_and_reset_takes_them_back(open_page):
    page = open_page(panel="step")
    page.click("#reset")
    page.select_option("#step-label", "sad")
    set_slider(page, "#rate", -2)
    rest(page)
    start = shown(page, "#step-answer")
    page.click("#one")
    rest(page)
    page.click("#one")
    rest(page)
    assert shown(page, "#step-answer")["sad"] > start["sad"]
    words = page.inner_text("#step-words")
    before, after = re.search(r"from ([\d.]+) to ([\d.]+)\.", words).groups()
    assert float(after) < float(before) and page.inner_text("#steps") == "2 steps taken"
    page.click("#reset")
    rest(page)
    assert shown(page, "#step-answer") == start


def test_every_press_counts_and_each_tab_has_its_own_network(open_page):
    page, other = open_page(panel="step"), open_page(panel="step")
    for _ in range(5):
        page.eval_on_selector("#one", "button => button.click()")
    until(page, lambda: page.inner_text("#steps") == "5 steps taken", "the number of steps")
    set_slider(page, "#measure-open", 0.2)
    rest(page)
    assert page.inner_text("#steps") == "5 steps taken"
    other.click("#one")
    rest(other)
    assert other.inner_text("#steps") == "1 step taken"


def test_one_trains_a_network_and_watches(open_page):
    page = open_page(panel="train")
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
    page.select_option("#architecture", "six layers")
    until(page, lambda: steps() == 0, "the other network")
    page.click("#play-step")
    until(page, lambda: steps() == 1, "its first step")
    assert page.locator("#filters > div").count() == 32


def test_a_game_is_played_to_its_end(open_page):
    page = open_page(panel="game")
    for round_ in range(1, 6):
        page.click("#game-start")
        until(page, lambda: np.array_equal(pixels(page), draw_face("neutral")), "a plain face")
        assert page.is_hidden("#expressions") and f"round {round_} of 5" in page.inner_text(
            "#game-time")
        wanted = page.inner_text("#game-wanted").removeprefix("Make this face: ")
        set_slider(page, "#measure-open", 0.3)
        rest(page)
        best = float(page.inner_text("#game-words").split("best ")[1])
        assert best >= shown(page)[wanted]
        page.click("#game-next")
        assert f"{wanted} {round(100 * best)}" in page.inner_text("#game-faces")
    total = sum(int(words.split()[1]) for words in page.locator(
        "#game-faces small").all_inner_texts())
    assert f"{total} of 500 points" in page.inner_text("#game-words")
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


@pytest.mark.parametrize("width, scheme", [(400, "light"), (400, "dark"), (1440, "dark"),
                                           (2560, "light")])
def test_it_fits_every_screen(open_page, width, scheme, tmp_path):
    """Nothing sticks out at the side, everything has a name, and the colours are the scheme's."""
    page = open_page(width, 900, scheme)
    for panel in "layers", "nudge", "step", "train", "game", "cover":
        page.click(f"[data-panel={panel}]")
        rest(page)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    sliders, inside = (page.locator(each).bounding_box() for each in ("#sliders", "#inside"))
    below = sliders["y"] >= inside["y"] + inside["height"]
    assert below == (width == 400), "on a phone the panel comes before the sliders"
    picture = np.asarray(Image.open(page.screenshot(path=tmp_path / "page.png") and
                                    tmp_path / "page.png").convert("L"))
    assert (np.median(picture) < 60) == (scheme == "dark")
    nameless = page.evaluate("""() => {
        const all = [...document.querySelectorAll("button, input, select, canvas")];
        return all.filter(each => each.offsetParent && !(each.textContent.trim() || each.ariaLabel
            || each.labels?.length || each.closest("[aria-label]"))).map(each => each.outerHTML);
        }""")
    assert nameless == []


def test_the_private_file_leads_to_the_page(browser, server):
    door, page = write_door(server.address), browser.new_page()
    page.goto(door.as_uri())
    page.wait_for_selector("#answer tr.strong")
    assert page.url.startswith(server.address)
    page.context.close()
    door.unlink()


def test_another_network_is_chosen(open_page):
    page = open_page()
    page.select_option("#network", "binary")
    until(page, lambda: list(shown(page)) == ["negative", "positive"], "the answer")
    rest(page)
    assert sum(shown(page).values()) == pytest.approx(1, abs=0.02)


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
    page_picture._moving(open_page(), tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.n_frames >= 25 and film.size == page_picture.SHOWN
        first = np.asarray(film.convert("L"), int)
        film.seek(film.n_frames - 1)
        assert np.abs(np.asarray(film.convert("L"), int) - first).mean() > 3
    assert (tmp_path / "film.webp").stat().st_size < 2_000_000
