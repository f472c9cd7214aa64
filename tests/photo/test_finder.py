"""The face finder: its parts by hand and against plain definitions, and drawn scenes end to end."""

import numpy as np
import pytest
from finder.rounds import Windows, detection_loss
from finder.score import Curve, intersection_over_union, match
from finder.sources import Sources
from finder.windows import PLAN, Bank, scenes_of
from PIL import Image

import tinyfer
from tinyfer.core.gradcheck import numerical_gradient
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.photo import chain, finder
from tinyfer.photo.boxes import cut_windows
from tinyfer.photo.finder import FILL, LOOK_SIZE, SCAN_SIZE, merge, moved, scales, suppress


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def squares(array):
    """Middle and side to left, top, right, bottom."""
    array = np.asarray(array, float)
    return np.column_stack([array[:, :2] - array[:, 2:3] / 2, array[:, :2] + array[:, 2:3] / 2])


def found_in(picture):
    faces = tinyfer.find_faces(picture)
    return np.array([(f.x, f.y, f.x + f.side, f.y + f.side, f.score) for f in faces]).reshape(-1, 5)


# The parts.

@pytest.mark.parametrize("height, width", [(29, 30), (47, 61)])
def test_one_pass_over_a_picture_judges_every_window(height, width):
    rng = np.random.default_rng(height)
    model = finder.face_scan(seed=1, dtype=np.float64)
    for name, array in model.state().items():
        array += rng.uniform(0, 0.1, array.shape)
    x = rng.random((1, height, width, 1))
    out = model.forward(x)
    assert out.shape == (1, (height - 22) // 4, (width - 22) // 4, 5)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            window = x[:, 4 * i:4 * i + SCAN_SIZE, 4 * j:4 * j + SCAN_SIZE]
            assert np.allclose(model.forward(window), out[:, i:i + 1, j:j + 1], rtol=1e-10,
                               atol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_suppression_agrees_with_its_definition(seed):
    rng = np.random.default_rng(seed)
    some = np.column_stack([rng.uniform(0, 40, (60, 2)), rng.uniform(5, 30, 60), rng.random(60)])
    some = some[np.argsort(-some[:, 3])]
    union = intersection_over_union(squares(some), squares(some))
    stays = []
    for n in range(len(some)):
        if all(union[n, m] <= 0.4 for m in stays):
            stays.append(n)
    assert np.array_equal(suppress(some, 0.4), some[stays]) and 3 < len(stays) < 50


def test_boxes_on_one_face_are_merged():
    """Into their weighted mean; one inside another is the same face."""
    merged = merge(boxes((0, 0, 10, 0.9), (1, 0, 10, 0.3), (50, 0, 10, 0.5)))
    assert np.allclose(merged, [(0.25, 0, 10, 0.9), (50, 0, 10, 0.5)])
    assert len(merge(boxes((0, 0, 30, 0.9), (2, 2, 8, 0.8)))) == 1
    assert len(suppress(boxes(), 0.5)) == 0


def test_outputs_move_a_box():
    box = moved(boxes((100, 50, 20, 0.7)), np.array([[1.0, -2.0, np.log(2) / 0.1]]))
    assert np.allclose(box, [(102, 46, 40, 0.7)])


def test_targets_lead_back_to_the_face():
    """A window placed by the training's plan, moved by its targets, is the face's box (0, 0, 1)."""
    rng = np.random.default_rng(0)
    grey = np.zeros((1, 48, 48), np.uint8)
    windows = Windows(Sources((Bank(grey, 0.0, 0.0, 48.0),) * 3, [], None),
                      scenes_of([np.zeros((40, 40), np.uint8)]), SCAN_SIZE, False)
    plan = np.zeros(50, PLAN)
    targets = windows._faces(plan, rng)
    place = np.column_stack([plan["x"], plan["y"], plan["side"] * FILL, np.ones(50)])
    assert np.allclose(moved(place, targets)[:, :3], (0, 0, 1), atol=1e-6)
    assert place[:, 0].std() > 0.03 and place[:, 2].std() > 0.03


def test_the_loss_has_the_gradient_it_says():
    rng = np.random.default_rng(0)
    out, targets = rng.normal(size=(7, 5)), rng.normal(size=(7, 3))
    labels = np.array([0, 1, 1, 0, 0, 1, 0])
    loss, dout = detection_loss(out, labels, targets)
    numerical = numerical_gradient(lambda: detection_loss(out, labels, targets)[0], out, 1.0)
    assert np.abs(dout - numerical).max() < 1e-8 < np.abs(numerical).max()
    targets[labels == 0] += 5       # where there is no face there is nothing to be off from
    assert detection_loss(out, labels, targets)[0] == loss


def test_the_pyramid_reaches_the_largest_face():
    steps = list(scales((640, 480), 24))
    assert steps[0] * 24 == pytest.approx(SCAN_SIZE * FILL)
    assert SCAN_SIZE * FILL / steps[-1] > 480
    assert list(scales((3, 3), 24)) == []


def test_a_window_beyond_the_edge_goes_on_with_the_edge():
    grey = Image.fromarray(np.tile(np.arange(60, dtype=np.uint8) * 4, (60, 1)))
    (window,) = finder.cut(finder.halved(grey), boxes((0, 30, LOOK_SIZE * FILL, 1)))
    assert window.shape == (LOOK_SIZE, LOOK_SIZE)
    assert np.allclose(window[:, :LOOK_SIZE // 2], 0, atol=1e-4)
    assert np.allclose(window[0, -1], 4 * (LOOK_SIZE // 2 - 1), atol=1e-3)


@pytest.mark.parametrize("side", [20, 46, 47.3, 170])
def test_windows_are_what_pillow_cuts(side):
    rng = np.random.default_rng(int(side))
    picture = np.asarray(Image.fromarray(rng.integers(0, 256, (60, 70), np.uint8)).resize(
        (280, 240), Image.Resampling.BICUBIC))
    places = np.column_stack([rng.uniform(side / 2, 280 - side / 2, 8),
                              rng.uniform(side / 2, 240 - side / 2, 8), np.full(8, side)])
    found = cut_windows(picture, places, LOOK_SIZE)
    for window, (x, y, _) in zip(found, places):
        box = x - side / 2, y - side / 2, x + side / 2, y + side / 2
        expected = Image.fromarray(picture.astype(np.float32)).resize(
            (LOOK_SIZE, LOOK_SIZE), Image.Resampling.BILINEAR, box)
        assert np.abs(window - np.asarray(expected)).max() < 1


def test_boxes_without_a_place_are_refused():
    for bad in (0, 0, 0), (0, 0, np.nan), (np.inf, 0, 5), (0, 0, -3):
        with pytest.raises(ValueError, match="sides above 0"):
            cut_windows(np.zeros((9, 9), np.uint8), np.array([bad], float), 4)


# The score.

def test_matching_by_hand():
    truth = np.array([(0, 0, 10, 10), (20, 0, 30, 10)])
    found = np.array([(1, 0, 11, 10, 0.5), (0, 0, 10, 10, 0.9), (40, 0, 50, 10, 0.8),
                      (22, 0, 32, 10, 0.3)])
    hit, of = match(found, truth)
    assert hit.tolist() == [False, True, False, True] and of.tolist() == [-1, 0, -1, 1]


def test_the_curve_by_hand():
    """hit, false, hit, of three faces: precision 1 up to 1/3, then 2/3 up to 2/3."""
    truth = [np.array([(0, 0, 10, 10), (20, 0, 30, 10)]), np.array([(0, 0, 10, 10)])]
    found = [np.array([(0, 0, 10, 10, 0.9), (50, 0, 60, 10, 0.8)]), np.array([(0, 1, 10, 11, 0.7)])]
    curve = Curve(found, truth)
    assert curve.average_precision() == pytest.approx(1 / 3 + 2 / 9)
    assert curve.detected(0) == pytest.approx(1 / 3) and curve.detected(1) == pytest.approx(2 / 3)


# End to end, on drawn scenes.

@pytest.mark.parametrize("seed", range(3))
def test_the_faces_of_a_drawn_scene_are_found(seed):
    picture, places, _ = draw_scene(4, seed=seed)
    found = found_in(picture)
    truth = np.column_stack([places[:, :2], places[:, :2] + places[:, 2:]])
    hit, of = match(found, truth, 0.4)
    assert hit.all(), "a false box"
    assert set(of) == set(range(4)), "a face that was not found"


@pytest.mark.parametrize("picture", [
    np.zeros((300, 400), np.uint8), np.full((90, 80, 3), 255, np.uint8),
    np.zeros((1, 1), np.uint8), np.zeros((1, 5000), np.uint8),
    np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8),
    *(draw_scene(0, seed=seed)[0] for seed in range(3))], ids=lambda picture: str(picture.shape))
def test_pictures_of_nothing(picture):
    assert tinyfer.find_faces(picture) == []


def test_boxes_lie_in_the_picture_and_are_sorted():
    picture, places, _ = draw_scene(3, seed=1)
    x, y, side = places[1]
    close = picture[y + side // 12:y + side, x:x + side]       # the face reaches beyond the edges
    for part in picture, close:
        faces = tinyfer.find_faces(part)
        assert faces and [f.score for f in faces] == sorted((f.score for f in faces), reverse=True)
        for face in faces:
            assert face.side >= 1 and 0 < face.score <= 1
            assert 0 <= face.x <= part.shape[1] - face.side
            assert 0 <= face.y <= part.shape[0] - face.side
            assert all(type(v) is int for v in face.box)


def test_a_large_photograph_takes_little_memory(monkeypatch):
    """What goes through the network at a time stays small."""
    largest, forward = [], chain.forward
    monkeypatch.setattr(chain, "forward", lambda x, *rest: (largest.append(x.nbytes),
                                                            forward(x, *rest))[1])
    assert tinyfer.find_faces(np.full((3000, 4000), 90, np.uint8)) == []
    assert max(largest) < 9e6
