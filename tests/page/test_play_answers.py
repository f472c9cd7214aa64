"""What the page is told: each answer of scripts/play.py against the package, or worked out anew."""

import json

import numpy as np
import pytest
from page_client import FACE, message
from PIL import Image
from tiny import small_cnn, unsettle

import tinyfer
from tinyfer.core import networks
from tinyfer.core.inference import to_input
from tinyfer.core.losses import softmax, softmax_cross_entropy
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.data.pictures import face_of
from tinyfer.page.message import Question
from tinyfer.page.networks import Network, Networks
from tinyfer.page.questions import Questions
from tinyfer.page.training import small_network
from tinyfer.photo.finder import find_faces
from tinyfer.photo.reading import unsure

FIVE, SMALL = dict(network="five-class-study"), dict(network="small")
NAMES = ("a", "b", "c")


class Asked:
    """Questions without a server; "small" is a small network in float64 with statistics of its own.

    Calling it asks: the dict of the answer, and its bytes.
    """

    def __init__(self, monkeypatch):
        monkeypatch.setitem(networks.ARCHITECTURES, "small_cnn", small_cnn)
        self.questions = Questions()
        model = unsettle(small_cnn(classes=3, seed=1, dtype=np.float64, class_names=NAMES))
        self.questions.networks.names.append("small")
        self.questions.networks._loaded["small"] = self.small = Network(model)

    def __call__(self, name, fields, body=FACE):
        content = self.questions.ask(name, Question(message(fields, body)))
        end = 4 + int.from_bytes(content[:4], "little")
        assert end % 4 == 0, "the page reads float32 from there on"
        return json.loads(content[4:end]), content[end:]


@pytest.fixture(scope="module")
def asked():
    with pytest.MonkeyPatch.context() as patch:
        yield Asked(patch)


@pytest.fixture(scope="module")
def five(asked):
    return asked.questions.networks["five-class-study"].model


def test_an_answer_is_the_networks_prediction(asked, five):
    for face in FACE, np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8):
        answer, _ = asked("answer", FIVE, face)
        assert tuple(answer["classes"]) == five.class_names
        assert answer["probabilities"] == pytest.approx(five.predict_proba(face), abs=1e-6)
        assert answer["unsure"] is bool(unsure(answer["probabilities"]))


def test_a_drawn_face_has_the_measures_asked_for(asked):
    answer, face = asked("draw", dict(expression="sad", person=0, measures={}), b"")
    assert face == draw_face("sad").tobytes()
    moved = dict(open=0.25, tilt=-0.3)
    answer, face = asked("draw", dict(expression="fear", person=7, measures=moved), b"")
    assert face == draw_face("fear", seed=7, **moved).tobytes()
    assert answer["measures"] | moved == answer["measures"] and len(answer["measures"]) > 15


def test_a_picture_is_searched_and_cut_as_by_predict(asked):
    picture, fields = np.full((160, 200, 4), 120, np.uint8), dict(height=160, width=200)
    picture[20:140, 40:160, :3] = draw_face("happy", size=120)[..., None]
    picture[:, 100:, 3] = 200
    image, (_, face) = Image.fromarray(picture, "RGBA"), asked("cut", fields, picture)
    assert face == face_of(image).tobytes()
    found = [each[:3] for each in asked("find", fields, picture)[0]["faces"]]
    assert found == [[f.x, f.y, f.side] for f in find_faces(image)] != []


@pytest.mark.parametrize("method", ["gradient", "occlusion"])
def test_a_map_is_the_packages(asked, method):
    _, found = asked("map", SMALL | dict(target="b", method=method))
    expected = tinyfer.saliency(asked.small.model, FACE[None], "b", method, signed=True)[0]
    assert np.frombuffer(found, np.float32) == pytest.approx(expected.ravel(), rel=1e-4, abs=1e-7)


def test_strips_are_the_values_of_every_layer(asked, five):
    answer, maps = asked("strips", FIVE)
    maps, x = np.frombuffer(maps, np.int8), to_input(FACE[None], five.dtype)
    for layer, told in zip(five.layers, answer["layers"], strict=True):
        x = layer.forward(x)
        height, width, channels = told["shape"]
        found, maps = np.split(maps, [height * width * channels])
        value = np.moveaxis(found.reshape(channels, height, width), 0, 2) / 127 * told["scale"]
        expected = np.clip(x.reshape(height, width, channels), -told["scale"], told["scale"])
        assert np.abs(value - expected).max() <= 0.51 / 127 * told["scale"]
        assert np.mean(np.abs(x) > told["scale"]) <= 0.0021
    assert maps.size == 0


def probability(model, values, number, k):
    """p of class k from what goes into layer `number` on."""
    for layer in model.layers[number:]:
        values = layer.forward(values)
    return softmax(values)[0, k]


@pytest.mark.parametrize("number", range(8))
def test_a_units_numbers_make_its_value_and_gradient(asked, number):
    """Both gradients by finite differences, and each sum term by term."""
    model, rng = asked.small.model, np.random.default_rng(number)
    face = rng.integers(0, 256, (48, 48)).astype(np.uint8)
    values = [to_input(face[None], np.float64)]
    for layer in model.layers:
        values.append(layer.forward(values[-1]))
    shape, smooth = values[number + 1].shape[1:], 0
    for _ in range(12):
        unit = [int(rng.integers(each)) for each in shape]
        i, j, k = unit if len(unit) == 3 else (0, 0, unit[0])
        answer, content = asked(
            "unit", SMALL | dict(layer=number, i=i, j=j, k=k, target="c"), face)
        assert answer["value"] == pytest.approx(values[number + 1][0][tuple(unit)], rel=1e-9)
        h, p = 1e-6, []
        for move in -h, 0, h:
            moved = values[number + 1].copy()
            moved[0][tuple(unit)] += move
            p.append(probability(model, moved, number + 1, 2))
        if abs(p[0] - 2 * p[1] + p[2]) < 1e-11:     # no kink here, such as a tie in a pool
            smooth += 1
            slope = (p[2] - p[0]) / (2 * h)
            assert answer["gradient"] == pytest.approx(slope, rel=1e-5, abs=1e-8)
        if "bias" in answer:
            xs, ws = np.split(np.frombuffer(content, np.float32)[48 * 48:], 2)
            total = np.dot(xs, ws) + answer["bias"]
            assert total == pytest.approx(answer["value"], abs=1e-5) or answer["relu"] and (
                answer["value"] == 0 >= total) and xs.size % answer["inputs"] == 0
        if "four" in answer:
            assert answer["value"] == max(answer["four"])
    assert smooth >= 3


def test_the_window_moves_a_unit_by_its_pixels(asked, five):
    """d unit / d pixel by differences, for a convolution behind another one and a pool."""
    fields = FIVE | dict(layer=6, i=9, j=11, k=5, target="sad")
    answer, content = asked("unit", fields)
    pixels = np.frombuffer(content, np.float32).copy()[:48 * 48].reshape(48, 48)
    twin = asked.questions.networks["five-class-study"].twin
    direction = np.random.default_rng(0).standard_normal((1, 48, 48, 1))
    totals = []
    for sign in 1, -1:
        x = to_input(FACE[None], np.float64) + sign * 1e-6 * direction
        for layer in twin.layers[:6]:
            x = layer.forward(x)
        w, b = twin.layers[6].w.value[..., 5], twin.layers[6].b.value[5]
        totals.append(np.sum(x[0, 9:12, 11:14] * w) + b)
    slope = (totals[0] - totals[1]) / 2e-6
    assert np.sum(pixels * direction[0, ..., 0]) == pytest.approx(slope, rel=1e-3)
    xs, ws = np.split(np.frombuffer(content, np.float32)[48 * 48:], 2)
    assert np.dot(xs, ws) + answer["bias"] == pytest.approx(np.mean(totals), rel=1e-4)
    top, left, height, width = answer["window"]
    most = np.abs(pixels).max()
    pixels[top:top + height, left:left + width] = 0
    assert np.abs(pixels).max() < 1e-5 * most, "no pixel outside its window moves it"


WEIGHTS = ["conv1.w", "conv1.b", "bn1.gamma", "bn1.beta", "dense1.w", "dense1.b"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_nudged_weights_slope_is_its_gradient(asked, name):
    network = asked.questions.networks["small"]
    parameter = {p.name: p for p in network.model.parameters()}[name]
    fields = SMALL | dict(parameter=name, index=parameter.value.size - 1, label="b", trained=True)
    answer, content = asked("nudge", fields | dict(curve=True))
    x = to_input(FACE[None], np.float64)
    loss = softmax_cross_entropy(network.model.forward(x), np.array([1]))[0]
    assert answer["loss"] == pytest.approx(loss, rel=1e-12)
    assert answer["trained"] == parameter.value.flat[-1]
    weight, losses = np.split(np.frombuffer(content, np.float64), 2)
    assert weight[20] == pytest.approx(answer["trained"]) and losses[20] == pytest.approx(loss)
    for place in 4, 33:
        moved, _ = asked("nudge", fields | dict(trained=False, value=weight[place], curve=False))
        assert moved["loss"] == pytest.approx(losses[place], rel=1e-12)
        assert moved["gradient"] == pytest.approx(moved["difference"], rel=1e-5, abs=1e-9)
    steepest, _ = asked("steepest", fields)
    fields["index"] = steepest["index"]
    assert abs(asked("nudge", fields | dict(curve=False))[0]["gradient"]) >= abs(answer["gradient"])


def test_steps_are_those_of_adam(asked):
    fields = FIVE | dict(label="sad", rate=1e-3, steps=0, reset=True, tab=1)
    before, _ = asked("step", fields)
    after, _ = asked("step", fields | dict(steps=2, reset=False))
    model = tinyfer.load_model("five-class-study")
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-3)
    x, label = to_input(FACE[None], np.float32), np.array([model.class_names.index("sad")])
    for _ in range(2):
        _, dlogits = softmax_cross_entropy(model.forward(x), label)
        model.backward(dlogits)
        optimizer.step()
    assert after["after"] == pytest.approx(model.predict_proba(FACE[None])[0], abs=1e-5)
    assert after["steps"] == 2 and len(after["losses"]) == 2
    assert after["loss_after"] < after["loss_before"] == before["loss_after"]
    other, _ = asked("step", fields | dict(tab=2, reset=False))
    assert other == before, "another tab has a network of its own"
    again, _ = asked("step", fields)
    assert again == before


def test_a_training_one_watches_is_a_training(asked):
    """Its losses are those of Adam on its batches, mirrored every other face, and it learns from
    no face that it is asked about."""
    answer, content = asked("train", dict(rate=1e-3, steps=3, reset=True, tab=3))
    model, rng = small_network(), np.random.default_rng(0)
    optimizer, drawn = tinyfer.Adam(model.parameters(), lr=1e-3), draw_faces(700, seed=5)
    for loss in answer["losses"]:
        batch = rng.integers(140, 700, 16)
        x = to_input(drawn.faces[batch], np.float32)
        x[::2] = x[::2, :, ::-1]
        logits = model.forward(x, training=True)
        expected, dlogits = softmax_cross_entropy(logits, drawn.labels[batch])
        assert loss == pytest.approx(expected, rel=1e-6)
        model.backward(dlogits)
        optimizer.step()
    side, _, channels = answer["shape"]
    filters, maps = np.split(np.frombuffer(content, np.int8), [9 * channels])
    w = model.layers[0].w.value[:, :, 0, 1]
    assert filters[9:18] / 127 * np.abs(w).max() == pytest.approx(w.ravel(), abs=0.005)
    assert maps.size == side * side * channels
    assert answer["steps"] == 3 and answer["labels"] == drawn.labels[:140].tolist()
    held_out = to_input(drawn.faces[:140], np.float32)
    assert answer["predicted"] == model.forward(held_out).argmax(axis=1).tolist()


def test_the_small_network_learns_to_read_drawn_faces(asked):
    fields = dict(rate=3e-3, steps=10, reset=True, tab=4)
    for _ in range(25):
        answer, _ = asked("train", fields)
        fields["reset"] = False
    right = np.mean(np.array(answer["predicted"]) == answer["labels"])
    assert answer["steps"] == 250 and right > 0.4       # guessing: 1 / 7


def test_nothing_changes_the_network_that_others_see(asked):
    for name in "five-class-study", "small":
        network = asked.questions.networks[name]
        state = {key: value.copy() for key, value in network.model.state().items()}
        label = network.model.class_names[1]
        common = dict(network=name)
        asked("step", common | dict(label=label, rate=0.1, steps=1, reset=False, tab=1))
        for trained in True, False:
            asked("nudge", common | dict(parameter="conv1.w", index=0, label=label, value=0.01,
                                         trained=trained, curve=name == "small"))
        asked("strips", common)
        asked("unit", common | dict(layer=2, i=3, j=3, k=0, target=label))
        asked("map", common | dict(target=label, method="gradient"))
        for key, value in network.model.state().items():
            assert np.array_equal(value, state[key]), key
        twin = network.twin.state()
        assert all(np.array_equal(twin[key], state[key]) for key in state)


def test_a_run_folder_is_offered_before_the_packaged_ones(tmp_path):
    model = tinyfer.six_layer_cnn(classes=3, seed=4, class_names=NAMES)
    model.save(tmp_path / "best.npz")
    networks = Networks([tmp_path, "binary", tmp_path])
    assert networks.names == [str(tmp_path), "binary", "drawn-too", "binary-robust", "five-class",
                              "five-class-robust", "five-class-study", "seven-class",
                              "seven-class-robust"]
    found = networks[str(tmp_path)].model.predict_proba(FACE)
    assert found == pytest.approx(model.predict_proba(FACE), abs=1e-6)
    learnt = [networks.learnt_from(name) for name in (str(tmp_path), "binary", "drawn-too")]
    assert learnt == [None, "photographs", "photographs and drawn faces"]
    with pytest.raises(FileNotFoundError, match="nowhere is neither a file nor"):
        Networks(["nowhere"])
