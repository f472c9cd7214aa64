"""The network in the browser: its logits, gradients, boxes and drawings are Python's."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from site_weights import PEOPLE

from tinyfer.core.networks import ARCHITECTURES, load_model
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.data.faces import EMOTIONS
from tinyfer.data.pictures import face_of, grey_of
from tinyfer.explain.saliency import saliency
from tinyfer.page.networks import Network
from tinyfer.photo.finder import faces_in

ASTRONAUT = Path(__file__).parents[2] / "docs" / "figures" / "astronaut.jpg"
NETWORKS = "five-class-study", "seven-class"    # which look at the corner, and at the middle
NET = """async ([name, faces, targets]) => {
    const {load} = await import("/page/network/network.js");
    const net = await load(`/page/weights/${name}.bin`), {classNames, seen} = net;
    return [[classNames, seen], faces.map((face, n) => {
        const values = net.values(net.given(Uint8Array.from(face))), {data, shape} = values.at(-1);
        const dout = {data: data.map((_, k) => Number(k === targets?.[n])), shape};
        return [...targets ? net.onFace(net.backward(dout, values)) : data]; })]; }"""
FIND = """async pictures => {
    const {cut, load} = await import("/page/network/finder.js");
    const finder = await load("/page/weights/finder.bin");
    return pictures.map(([data, width, height]) => {
        const grey = Uint8Array.from(data), found = finder.find(grey, width, height);
        return [found.map(({x, y, size}) => [x, y, size]),
                [...found.length ? cut(grey, width, height, found[0]) : []]]; }); }"""
DRAW = """async asked => {
    const {draw, load, measures} = await import("/page/network/pen.js");
    const pen = await load("/page/weights/pen.json");
    return asked.map(([expression, person, moved]) => (
        [...draw({...measures(pen, expression, person), ...moved})])); }"""


@pytest.fixture
def ask(visit, front):
    """A function that calls one of these in Chromium; for a page of text no policy holds."""
    return visit(front, "page/style.css").evaluate


@pytest.fixture(scope="module")
def faces():
    """100 of them: drawn ones as a camera takes them, and noise that is smooth as a face is."""
    rng = np.random.default_rng(5)
    noise = [Image.fromarray(rng.integers(0, 256, (n, n), np.uint8)).resize((48, 48), 3)
             for n in rng.integers(4, 49, 50)]
    return np.concatenate([draw_faces(50, seed=4).faces, np.stack(noise)])


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_are_those_of_python(ask, faces, name):
    model = load_model(name)
    about, logits = ask(NET, [name, faces.reshape(100, -1).tolist()])
    network = Network(model)
    assert about == [list(model.class_names), list(network.seen)]
    expected = model.forward(network.given(faces))
    assert np.abs(expected).max() > 2
    np.testing.assert_allclose(logits, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_python(ask, faces, name):
    """F is linear between the places where a ReLU or the winner of a pool switches. Where a face
    lies within rounding of one, the gradient is that of either side: then Python's in float64, of
    faces that differ by a millionth, are its peers. A flat area is full of such places, so that
    there is noise on all faces."""
    model = load_model(name)
    targets = np.arange(100) % len(model.class_names)
    rng = np.random.default_rng(0)
    x = np.uint8(0.9 * faces + rng.uniform(0, 25, faces.shape))
    found = ask(NET, [name, x.reshape(100, -1).tolist(), targets.tolist()])[1]
    found = np.reshape(found, x.shape)
    maps = saliency(model, x, targets, of="logit", signed=True)

    def wrong(maps, some=slice(None)):
        return np.abs(found[some] - maps).max(axis=(1, 2)) / np.abs(maps).max(axis=(1, 2))

    twin = ARCHITECTURES["six_layer_cnn"](classes=len(model.class_names), dtype="float64")
    twin.load_state(model.state())
    twin.window = model.window
    switched = np.flatnonzero(wrong(maps) > 1e-3)
    assert len(switched) <= 10
    for n in switched:
        near = np.clip(x[n] / 255 + rng.normal(0, 1e-6, (32, 48, 48)), 0, 1)
        peers = saliency(twin, near, int(targets[n]), of="logit", signed=True)
        assert wrong(peers, n).min() < 1e-3


def pictures():
    """20 grey pictures: a photograph in several sizes and frames, streets, both, and no face."""
    person = Image.open(ASTRONAUT).convert("L")
    for size in (96, 150, 201, 333, 512):
        yield person.resize((size, size))
    yield ImageOps.mirror(person).resize((320, 241))
    yield person.crop((120, 0, 330, 260))
    yield person.crop((200, 90, 512, 400))
    for seed in range(8):
        yield grey_of(draw_scene(1 + seed % 5, seed, 180 + 13 * seed, 300 + 17 * seed)[0])
    for seed in range(3):
        scene = grey_of(draw_scene(2, 20 + seed, 240, 400)[0])
        scene.paste(person.crop((130, 20, 320, 230)).resize((90, 99)), (150 + 40 * seed, 20))
        yield scene
    yield Image.fromarray(np.random.default_rng(0).integers(0, 256, (101, 160), np.uint8))


def test_faces_are_found_where_python_finds_them(ask):
    """The same boxes, and of the first the same 48x48 pixels."""
    greys = list(map(np.asarray, pictures()))
    expected = [faces_in(Image.fromarray(grey)) for grey in greys]
    assert len(greys) == 20 and sum(map(len, expected)) >= 30
    found = ask(FIND, [[grey.ravel().tolist(), *grey.shape[::-1]] for grey in greys])
    for grey, (mine, face), theirs in zip(greys, found, expected):
        assert len(mine) == len(theirs)
        boxes = np.reshape(sorted(face.box[:3] for face in theirs), (-1, 3))
        np.testing.assert_allclose(np.reshape(sorted(mine), (-1, 3)), boxes, atol=1)
        if mine:
            x, y, size = mine[0]
            right = face_of(Image.fromarray(grey), (x, y, size, size))
            np.testing.assert_array_equal(np.reshape(face, (48, 48)), right)


def test_the_pen_draws_what_python_draws(ask):
    """Every person with every expression, and with measures that were moved."""
    moves = {}, dict(open=0.4, tilt=0.3, x=14), dict(covered=1, hand_v=0.2, glasses=1, turn=-0.8)
    given = [(emotion, person, moves[(person + k) % 3])
             for person in range(PEOPLE + 1) for k, emotion in enumerate(EMOTIONS)]
    drawn = np.reshape(ask(DRAW, given), (-1, 48, 48))
    expected = [draw_face(emotion, person or None, **moved) for emotion, person, moved in given]
    assert np.abs(drawn - expected).max() < 1.01
    assert (np.abs(drawn - expected) > 0.5).mean() < 0.01
