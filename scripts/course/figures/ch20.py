"""Chapter 20: a drawn photograph, its score maps, boxes before and after suppression, the curve."""

import json
from pathlib import Path

import numpy as np
from figures.style import BLUE, GREEN, INK, ORANGE, bare, figure, frame, plot
from PIL import Image

from tinyfer.core.losses import softmax
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.data.pictures import grey_of
from tinyfer.photo.finder import BORDER, FILL, SCAN_SIZE, SCAN_STRIDE, packaged_finder, scales

SEED = 0
CURVE = Path(__file__).resolve().parents[3] / "docs" / "figures" / "20-curve.json"


def scene():
    """The scene itself, a pixel for a pixel: 900x600 at 150 points an inch."""
    fig = figure(6, 4)
    fig.set_layout_engine("none")
    axes = fig.add_axes((0, 0, 1, 1))
    axes.imshow(draw_scene(5, seed=SEED)[0], interpolation="none")
    axes.axis("off")
    return fig


def scores():
    """Three pictures of the pyramid, and the score of every window of each."""
    grey = grey_of(Image.fromarray(draw_scene(5, seed=SEED)[0]))
    finder, steps = packaged_finder(), list(scales(grey.size, 24))
    fig, grid = plot(8, 4, 2, 3)
    for (above, below), scale in zip(grid.T, (steps[5], steps[8], steps[11])):
        small = grey.resize([round(side * scale) for side in grey.size])
        x = np.pad(np.asarray(small), BORDER, mode="edge")
        (out,) = finder.judged([x])
        p = softmax(out[..., :2].reshape(-1, 2))[:, 1].reshape(out.shape[:2])
        above.imshow(x, cmap="gray", vmin=0, vmax=255)
        side = SCAN_SIZE * FILL / scale
        bare(above, f"{small.width} × {small.height}: faces of {side:.0f} pixels")
        i, j = np.unravel_index(p.argmax(), p.shape)
        frame(above, SCAN_STRIDE * i, SCAN_STRIDE * j, SCAN_SIZE, SCAN_SIZE, ORANGE, 2)
        shown = below.imshow(p, cmap="Blues", vmin=0, vmax=1)
        bare(below, f"{p.shape[1]} × {p.shape[0]} windows")
    fig.colorbar(shown, ax=grid[1], fraction=0.03, pad=0.01).set_label("score")
    return fig


def suppression():
    """All boxes of the first network, those that the second leaves, and the merged ones."""
    picture = draw_scene(5, seed=SEED)[0]
    grey, finder = grey_of(Image.fromarray(picture)), packaged_finder()
    found = finder.windows(grey, 24, 0.5)
    looked = finder.looked_at(grey, finder.candidates(grey, 24))
    looked = looked[looked[:, 3] > 0.5]
    last = finder.find(grey, 24, 0.5)
    fig = figure(7, 8.2)
    panels = ((found, "windows of scan above 1/2", BLUE), (looked, "after look", GREEN),
              (last, "merged", ORANGE))
    for axes, (boxes, title, colour) in zip(fig.subplots(3, 1), panels):
        axes.imshow(picture, interpolation="bilinear")
        for x, y, side, _ in boxes:
            frame(axes, y - side / 2, x - side / 2, side, side, colour, 1)
        for patch in axes.patches:
            patch.set_clip_on(True)
        bare(axes, f"{title}: {len(boxes)}")
        axes.set(xlim=(0, picture.shape[1]), ylim=(440, 60))
    return fig


def curve():
    """Detections against false boxes on the CMU+MIT pictures, from the numbers of
    scripts/lab/score_finder.py."""
    if not CURVE.is_file():
        raise FileNotFoundError("it needs 20-curve.json, which scripts/lab/score_finder.py writes")
    fig, axes = plot(7, 3.6)
    for (name, scores), colour, style in zip(json.loads(CURVE.read_text()).items(),
                                             (BLUE, ORANGE), ("-", "--")):
        false, detected = zip(*scores["0.3"]["curve"])
        axes.plot(false, 100 * np.array(detected), style, color=colour, label=name)
    for name, marker, detected in (
            ("Viola and Jones 2001", "s", (76.1, 88.4, 91.4, 92.9, 93.9)),
            ("Rowley, Baluja and Kanade 1998", "^", (83.2, 86.0, None, 89.2, 90.1))):
        points = [(x, y) for x, y in zip((10, 31, 50, 95, 167), detected) if y is not None]
        axes.plot(*zip(*points), marker, color=INK, markersize=5, label=f"{name}, as published")
    axes.set(xlabel="false boxes on 130 pictures", ylabel="faces found, %", xlim=(0, 200))
    axes.legend(loc="lower right")
    return fig
