"""Fill docs/saliency.md: each of its tables and pictures, anew.

    python scripts/lab/saliency_page.py panel --drawn 1200 --method all
    python scripts/lab/saliency_page.py mean-maps --data archive.zip --method gradient gradcam
    python scripts/lab/saliency_page.py randomisation --data archive.zip
    python scripts/lab/saliency_page.py speed --threads 1

randomisation, faithfulness, planted: the tests of `saliency --audit`. mean-maps: the mean map of
each class over a whole test part, and its shares in eyes, mouth and border. speed: maps timed
beside training. The options are those of the command saliency.
"""

import shutil
import sys
from pathlib import Path
from timeit import timeit

import numpy as np
from bench.turns import take_turns
from matplotlib.patches import Rectangle

from tinyfer.commands import cli, pages, saliency
from tinyfer.commands.maps.audit import TESTS, audit
from tinyfer.commands.maps.panel import all_maps, panel_of_part, plain
from tinyfer.commands.maps.pictures import SIGNED, STRENGTH, draw_grey, draw_map
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.networks import six_layer_cnn
from tinyfer.core.optim import Adam
from tinyfer.data import draw_faces, select_classes
from tinyfer.data.augment import augment
from tinyfer.explain.randomisation import random_copy, spearman
from tinyfer.explain.regions import column, region_masks
from tinyfer.explain.saliency import saliency as maps_of
from tinyfer.scores import plots
from tinyfer.storage.arrays import save_arrays
from tinyfer.training.runs import describe_threads

PAGE = Path(__file__).resolve().parents[2] / "docs" / "saliency.md"
PARTS = ("panel", "mean-maps", *TESTS, "speed")
UNTRAINED_FACES = 500           # for the mean map of a random network
ROUNDS, BATCH = 15, 64           # of the part speed
TEST_IMAGES, TRAINING_IMAGES = 3589, 20395      # the study's five classes train on the latter


def parse(argv):
    """The options of saliency, and the part of the page."""
    parser = cli.parser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE")
    mine, others = parser.parse_known_args(argv)
    given = saliency.parse(others)
    given.part, given.page = mine.part, mine.page
    given.audit = [mine.part] if mine.part in TESTS else None
    return given


def main(argv=None):
    return cli.main(fill, parse, argv)


def fill(given):
    if not given.page.is_file():
        raise FileNotFoundError(f"there is no page {given.page}")
    if given.images or given.part == "panel" and not given.drawn:
        raise ValueError("a panel of photographs stays out of the page: use --drawn N")
    files, tables = speed(given) if given.part == "speed" else of_faces(given)
    pages.rewrite(given.page, tables)
    for name in files:
        if name.endswith(".png"):
            shutil.copy(given.out / name, given.page.parent / "figures" / f"saliency-{name}")


def of_faces(given):
    """(names of the files written to --out, {name: table}) of a part that needs faces."""
    set_threads(given.threads)
    saliency.refuse_what_does_not_fit(given)
    model, parts = saliency.network_and_faces(given)
    if given.part in TESTS:
        return audit(given, model, parts.test, given.out)
    if given.part == "mean-maps":
        return mean_maps(given, model, parts.test)
    return panel_of_part(given, model, parts.test, given.out), {}


# Mean maps

def mean_maps(given, model, part):
    """The mean map of the faces predicted to be of each class, of all, and of a random network:
    (names of the files written, {"mean-maps METHOD": its table})."""
    folder = given.out
    predicted = model.predict(part.faces)
    groups = {name: predicted == k for k, name in enumerate(part.class_names)}
    for name in [name for name, group in groups.items() if not group.any()]:
        print(f"{name} is predicted for none of these {len(part):,} faces: it has no mean map")
        del groups[name]
    masks, untrained = region_masks(part.source), random_copy(model, given.seed)
    few = part.faces[np.random.default_rng(given.seed).permutation(len(part))[:UNTRAINED_FACES]]
    everyone = part.faces.mean(axis=0)
    mean_faces = [part.faces[group].mean(axis=0) for group in groups.values()] + 2 * [everyone]
    files, tables = [], {}
    for method, maps in all_maps(given, model, part.faces, given.target).items():
        random = maps_of(untrained, few, given.target, method, given.of)
        columns = [column(name, maps[group], masks) for name, group in groups.items()]
        columns += [column("all", maps, masks), column("random network", random, masks)]
        stem = f"mean-maps-{plain(method)}"
        table = share_table(columns, masks, columns[-2])
        tables[stem] = f"```text\n{table}\n```"
        print(f"\n{method}: share of saliency (%)\n{table}\n")
        means = np.stack([c.mean for c in columns])
        draw_mean_maps(
            mean_faces, means, [c.name for c in columns], masks,
            [f"{c.count:,} faces\neyes {100 * c.share['eyes']:.0f} %, "
             f"mouth {100 * c.share['mouth']:.0f} %" for c in columns],
            folder / f"{stem}.png", given.overlay,
            f"{part.source}, test part: mean saliency ({method}) of the {given.of} of "
            f"{given.target or 'the class predicted'}")
        save_arrays(folder / f"{stem}.npz", dict(
            mean_faces=np.stack(mean_faces), mean_maps=means,
            names=np.array([c.name for c in columns]),
            **{f"share_{name}": np.array([c.share[name] for c in columns]) for name in masks}),
            compressed=True)
        files += [f"{stem}.png", f"{stem}.npz"]
    return files, tables


def share_table(columns, masks, whole):
    """Shares in per cent, a line a Column; "like all" is the rank correlation of its mean map with
    that of the Column `whole`; the last line is the share of the area."""
    lines = [f"{'predicted':15}{'faces':>7}" + "".join(f"{name:>8}" for name in masks)
             + f"{'like all':>10}"]
    for each in columns:
        like = spearman(each.mean[None], whole.mean[None])[0]
        lines.append(f"{each.name:15}{each.count:7,}"
                     + "".join(f"{100 * each.share[name]:8.1f}" for name in masks)
                     + f"{like:10.2f}")
    lines.append(f"{'area':22}" + "".join(f"{100 * mask.mean():8.1f}" for mask in masks.values()))
    return "\n".join(lines)


def draw_mean_maps(faces, maps, names, masks, captions, path, overlay=False, title=""):
    """Mean face, mean saliency over it, and how it differs from the mean of all; a column each.

    faces, maps: (C, 48, 48) mean faces and mean maps. The last two columns are that of all classes
    and a baseline, such as a random network. Maps sum to 1. masks: regions as of
    `tinyfer.explain.regions.region_masks`, outlined. captions: C strings. overlay: the face shines
    through where the map is weak.
    """
    C = len(names)
    density = maps * maps[0].size       # 1: as much as if it were spread evenly
    difference = density - density[-2]
    height = 6.0 if title else 5.7
    with plots.drawing(path, 1.6 * C + 1.3, height, title, grid=False) as figure:
        grid = figure.subplots(3, C, squeeze=False)
        furthest = np.abs(difference).max() or 1
        for c, (top, middle, bottom) in enumerate(grid.T):
            draw_grey(top, faces[c])
            _outline(top, masks)
            top.set_title(f"{names[c]}\n{captions[c]}", fontsize=9, loc="center")
            hot = draw_map(middle, density[c], faces[c] if overlay else None, STRENGTH, 0,
                       density.max())
            _outline(middle, masks)
            if c == C - 2:
                _legend_of_regions(bottom)
            else:
                signed = draw_map(bottom, difference[c], None, SIGNED, -furthest, furthest)
        for row, label in zip(grid[:, 0], ("mean face", "mean saliency", "minus that of all")):
            row.set_ylabel(label, fontsize=10)
        bar = figure.colorbar(hot, ax=grid[1], fraction=0.03, pad=0.02, aspect=14)
        bar.set_label("1 = spread evenly")
        bar = figure.colorbar(signed, ax=grid[2], fraction=0.03, pad=0.02, aspect=14)
        bar.set_label("more (red), less (blue)")


OUTLINES = {"eyes": (plots.COLOURS[4], "-"), "mouth": (plots.COLOURS[5], "-"),
            "border": ("white", ":")}


def _outline(axes, masks):
    for name, (colour, style) in OUTLINES.items():
        rows, columns = np.nonzero(~masks[name] if name == "border" else masks[name])
        corner = columns.min() - 0.5, rows.min() - 0.5
        axes.add_patch(Rectangle(corner, np.ptp(columns) + 1, np.ptp(rows) + 1, fill=False,
                                 edgecolor=colour, linestyle=style, linewidth=1.5))


def _legend_of_regions(axes):
    """In place of a map: which outline is which."""
    axes.set_axis_off()
    handles = [Rectangle((0, 0), 1, 1, facecolor="#8A8A8A", edgecolor=colour, linestyle=style,
                         linewidth=1.5) for colour, style in OUTLINES.values()]
    axes.legend(handles, ["eyes", "mouth", "border (outside)"], loc="center", handlelength=1.6)


# Speed

def speed(given):
    """Print and return the table: ([], {"speed": ...}).

    A turn is one batch of gradient maps and one training step on as many faces; the medians are
    multiplied up to the images of the test part and of an epoch.
    """
    size, threads = BATCH, set_threads(given.threads)
    data = select_classes(draw_faces(2 * size, seed=given.seed), 5)[:size]
    model = six_layer_cnn(classes=5, seed=given.seed, class_names=data.class_names)
    optimizer = Adam(model.parameters())

    def step():
        logits = model.forward(augment(data.faces, model.rng), training=True)
        _, dlogits = softmax_cross_entropy(logits, data.labels)
        model.backward(dlogits)
        optimizer.step()

    seconds = take_turns({"maps": lambda: timeit(lambda: maps_of(model, data.faces,
                                                                 batch_size=size), number=1),
                          "step": lambda: timeit(step, number=1)}, ROUNDS + 1, pause=0)
    maps, epoch = (np.array(seconds[name][1:]) * images / size      # the first turn compiles
                   for name, images in (("maps", TEST_IMAGES), ("step", TRAINING_IMAGES)))
    text = (f"maps of {TEST_IMAGES:,} images / training epoch of {TRAINING_IMAGES:,} images: "
            f"{np.median(maps / epoch):.2f}\n(median of {ROUNDS} turns, from "
            f"{min(maps / epoch):.2f} to {max(maps / epoch):.2f}; {describe_threads(threads)})")
    print(f"gradient maps of {TEST_IMAGES:,} images: {np.median(maps):.1f} s\n"
          f"training epoch of {TRAINING_IMAGES:,} images: {np.median(epoch):.1f} s\n{text}")
    return [], {"speed": f"```text\n{text}\n```"}


if __name__ == "__main__":
    sys.exit(main())
