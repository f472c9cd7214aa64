"""Show which pixels a network's predictions hang on, and test whether the maps mean anything.

    python scripts/saliency.py                                          a panel, at once
    python scripts/saliency.py photo.jpg --method gradient smoothgrad   your own pictures
    python scripts/saliency.py --model RUN --data archive.zip --mean-maps
    python scripts/saliency.py --model RUN --data archive.zip --audit
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from tinyfer import runs
from tinyfer.architectures import six_layer_cnn
from tinyfer.datasets import CLASS_SETS, Parts, find_data, select_classes
from tinyfer.datasets.toyfaces import draw_faces
from tinyfer.evaluation import open_run, parts_of
from tinyfer.files import atomic_write
from tinyfer.kernels.threads import set_threads
from tinyfer.model import PACKAGED, load_model
from tinyfer.optim import Adam
from tinyfer.preprocess import read_face
from tinyfer.progress import Progress, duration
from tinyfer.saliency import METHODS, blank, saliency
from tinyfer.saliency.audit import as_markdown, audit
from tinyfer.saliency.regions import column, region_masks, share_table
from tinyfer.saliency.sanity import random_copy
from tinyfer.training import fit

DEFAULT = "five-class"
DRAWN_RUN = Path("runs/saliency-drawn")     # trained here while there are no packaged weights
DRAWN, DRAWN_EPOCHS = 1200, 6
PANEL_FACES, AUDIT_FACES = 5, 100
UNTRAINED_FACES = 500           # for the mean map of a random network


def parse(argv):
    parser = argparse.ArgumentParser(
        description="Saliency maps: how much each pixel matters to the probability of the class "
        "predicted. Without IMAGE the faces come from the test part of the data that the network "
        "was trained on (--data, TINYFER_DATA, ./data) or, where there are none, are drawn. "
        "Pictures (.png) and numbers (.npz) go to --out; they hold the faces, so keep those of "
        "FER-2013 to yourself.")
    parser.error = lambda message: sys.exit(_fail(f"{message} (--help lists the options)"))
    add = parser.add_argument
    add("images", nargs="*", metavar="IMAGE", help="picture files, as for scripts/predict.py")
    add("--model", metavar="RUN_OR_FILE", help="a run folder (its best.npz is taken), a model "
        f"file, or packaged weights by name (default {DEFAULT})")
    add("--data", metavar="PATH", help="FER-2013: archive.zip, its folder, or the csv file")
    add("--drawn", action="store_true", help="drawn faces even if FER-2013 is at hand")
    add("--method", nargs="+", default=["gradient"], choices=(*METHODS, "all"), metavar="METHOD",
        help=f"one or several of {', '.join(METHODS)}; or all (default gradient, the study's)")
    add("--of", choices=("probability", "logit"), default="probability",
        help="explain the probability or the logit of the class (default probability)")
    add("--target", metavar="CLASS", help="the class to explain (default: the one predicted)")
    add("--signed", action="store_true", help="keep the signs: red raises it, blue lowers it")
    add("--overlay", action="store_true", help="lay the maps over the faces")
    add("--mean-maps", action="store_true", help="instead of a panel: the mean map of each class "
        "over the whole part, and its shares in eyes, mouth and border")
    add("--audit", action="store_true", help="instead of a panel: test the maps of all methods "
        "(randomised layers, deletion and insertion, a planted patch)")
    add("--faces", type=int, metavar="N", help="faces in the panel, one of each class in turn "
        f"(default {PANEL_FACES}), or in the audit (default {AUDIT_FACES})")
    add("--seed", type=int, default=0, metavar="N", help="which faces, and all else random "
        "(default 0)")
    add("--layer", metavar="CONV", help="gradcam: conv1 ... conv6 (default: the last)")
    add("--samples", type=int, metavar="N", help="smoothgrad: noisy copies (default 32)")
    add("--sigma", type=float, metavar="S", help="smoothgrad: noise, as a share of the face's "
        "range of greys (default 0.15)")
    add("--baseline", choices=("black", "mean"), default="black",
        help="integrated: start from black or from the mean face of the training part")
    add("--steps", type=int, metavar="N", help="integrated: points on the way (default 64)")
    add("--square", type=int, metavar="PIXELS", help="occlusion: side of the square (default 8)")
    add("--out", metavar="FOLDER", help="default runs/saliency; files of the same name are "
        "replaced")
    add("--batch-size", type=int, default=64, metavar="N", help="inputs at a time (default 64)")
    add("--threads", type=int, metavar="N", help="threads (default: one per core)")
    return parser.parse_args(argv)


def main(argv=None):
    given = parse(argv)
    given.method = list(METHODS) if "all" in given.method else list(dict.fromkeys(given.method))
    folder = Path(given.out or "runs/saliency")
    try:
        set_threads(given.threads)
        if given.images and (given.mean_maps or given.audit):
            raise ValueError("--mean-maps and --audit need a data set, not single pictures")
        if given.faces is not None and given.faces < (2 if given.audit else 1):
            raise ValueError(f"--faces is {given.faces}; expected at least "
                             f"{2 if given.audit else 1}")
        model, parts = network_and_faces(given)
        options = method_options(given, parts)
        if given.images:
            files = panel_of_pictures(given, model, options, folder)
        elif given.audit:
            files = audit_pictures(given, model, parts.test, options, folder)
        elif given.mean_maps:
            files = mean_map_pictures(given, model, parts.test, options, folder)
        else:
            files = panel_of_faces(given, model, parts.test, options, folder)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        return _fail(error)
    print(f"{', '.join(files)} are in {folder}")
    return 0


def network_and_faces(given):
    """The model, and the Parts its faces come from (None for pictures of the user's own)."""
    place = given.model
    if place is None:
        place = DEFAULT if (PACKAGED / f"{DEFAULT}.npz").is_file() else drawn_run(given)
    at_hand = given.data or find_data()
    if given.images or given.drawn or not at_hand or place == DRAWN_RUN:
        model = load_model(Path(place) / "best.npz" if Path(place).is_dir() else place)
        if given.images:
            return model, None
        if not at_hand:
            print("NO FER-2013 HERE: these are faces that tinyfer draws itself.")
        return model, drawn_parts(model.class_names, given.seed)
    run = open_run(place)
    parts, _ = parts_of(run, given.data)
    return run.model, Parts(*(without_blanks(name, part)
                              for name, part in zip(Parts._fields, parts)))


def without_blanks(name, part):
    empty = blank(part.faces)
    if empty.any() and name == "test":
        print(f"left out of the test part: {empty.sum()} of a single grey")
    return part[~empty]


def drawn_parts(class_names, seed):
    """Drawn faces of the network's classes: the first half to train on, the other to test."""
    for classes, members in CLASS_SETS.items():
        if tuple(members) == tuple(class_names):
            drawn = select_classes(draw_faces(DRAWN, seed=seed + 1), classes)
            half = len(drawn) // 2
            return Parts(drawn[:half], drawn[half:half], drawn[half:])
    raise ValueError(f"cannot draw faces for the classes {', '.join(class_names)}")


def drawn_run(given):
    """The folder of a network trained on drawn faces, which is made where there is none yet."""
    if not (DRAWN_RUN / "metrics.json").is_file():
        print(f"no packaged weights yet: training on {DRAWN:,} drawn faces, once, into {DRAWN_RUN}")
        faces = select_classes(draw_faces(DRAWN, seed=0), 5)
        model = six_layer_cnn(classes=5, seed=0, class_names=faces.class_names)
        training = faces.usage == "Training"
        fit(model, Adam(model.parameters(), lr=1e-3), faces[training], faces[~training], DRAWN_RUN,
            DRAWN_EPOCHS, batch_size=16, progress=Progress())
    return DRAWN_RUN


def method_options(given, parts):
    """{method: its options}, of what was given."""
    options = {method: {} for method in METHODS}
    for name, method, key in (("layer", "gradcam", "layer"), ("samples", "smoothgrad", "n"),
                              ("sigma", "smoothgrad", "sigma"), ("steps", "integrated", "steps"),
                              ("square", "occlusion", "size")):
        if getattr(given, name) is not None:
            options[method][key] = getattr(given, name)
    if given.square is not None:
        options["occlusion"]["stride"] = max(1, given.square // 2)
    options["smoothgrad"]["seed"] = given.seed
    if given.baseline == "mean":
        if parts is None:
            raise ValueError("--baseline mean is the mean face of a training part: pictures alone "
                             "have none")
        options["integrated"]["baseline"] = parts.train.faces.mean(axis=0) / 255
    return options


class Line:
    """What is being done, and how far: one line on a terminal, one in ten seconds elsewhere."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.printed = self.started = time.perf_counter()

    def __call__(self, done, total, what):
        now = time.perf_counter()
        if now - self.printed >= (0.1 if self.live else 10):
            self.printed = now
            text = f"{what}: {done:,} of {total:,}, {duration(now - self.started)}"
            print(f"\r{text:<78}" if self.live else text, end="" if self.live else "\n", flush=True)

    def done(self, text):
        print(f"\r{text:<78}" if self.live else text, flush=True)


def all_maps(given, model, faces, options, signed):
    """{method: maps} of the methods asked for, with a progress line."""
    maps = {}
    for method in given.method:
        line = Line()
        maps[method] = saliency(
            model, faces, given.target, method, given.of, signed, given.batch_size,
            lambda done, total: line(done, total, f"{method}, inputs"), **options[method])
        seconds = time.perf_counter() - line.started
        line.done(f"{method}: {len(faces):,} maps in {duration(seconds)}")
    return maps


def panel_of_pictures(given, model, options, folder):
    faces = np.stack([read_face(path) for path in given.images])
    for path, empty in zip(given.images, blank(faces)):
        if empty:
            raise ValueError(f"{path} is of a single grey: there is nothing in it to explain")
    return panel(given, model, faces, [Path(path).name[:16] for path in given.images], options,
                 folder, "your pictures")


def panel_of_faces(given, model, part, options, folder):
    """One face of each class in turn, drawn with --seed."""
    rng = np.random.default_rng(given.seed)
    order = rng.permutation(len(part))
    turn = np.empty(len(part), int)
    for label in range(len(part.class_names)):
        members = order[part.labels[order] == label]
        turn[members] = np.arange(len(members)) * len(part.class_names) + label
    chosen = part[np.argsort(turn)[:given.faces or PANEL_FACES]]
    heads = [f"true: {part.class_names[label]}" for label in chosen.labels]
    return panel(given, model, chosen.faces, heads, options, folder, part.source)


def panel(given, model, faces, heads, options, folder, source):
    from tinyfer import plots_saliency

    p = model.predict_proba(faces)
    lines = [f"{head}\n{model.class_names[q.argmax()]} {q.max():.2f}" for head, q in zip(heads, p)]
    maps = all_maps(given, model, faces, options, given.signed)
    title = f"{source}: saliency of the {given.of} of {given.target or 'the class predicted'}"
    plots_saliency.panel(faces, maps, lines, folder / "panel.png", given.signed, given.overlay,
                         title)
    save(folder / "panel.npz", faces=faces, probabilities=p, **named(maps))
    return "panel.png", "panel.npz"


def mean_map_pictures(given, model, part, options, folder):
    """The mean map of the faces predicted to be of each class, of all, and of a random network."""
    from tinyfer import plots_saliency

    predicted = model.predict(part.faces)
    for label, name in enumerate(part.class_names):
        if not np.any(predicted == label):
            raise ValueError(f"the network predicts {name} for none of these {len(part)} faces: "
                             "it has no mean map")
    masks, untrained = region_masks(part.source), random_copy(model, given.seed)
    few = part.faces[np.random.default_rng(given.seed).permutation(len(part))[:UNTRAINED_FACES]]
    mean_face = part.faces.mean(axis=0)
    mean_faces = [part.faces[predicted == k].mean(axis=0) for k in range(len(part.class_names))]
    mean_faces += [mean_face, mean_face]
    files = []
    for method, maps in all_maps(given, model, part.faces, options, False).items():
        random = saliency(untrained, few, given.target, method, given.of, False, given.batch_size,
                          **options[method])
        columns = [column(name, maps[predicted == k], masks)
                   for k, name in enumerate(part.class_names)]
        columns += [column("all", maps, masks), column("random network", random, masks)]
        print(f"\n{method}: share of saliency (%)\n{share_table(columns, masks, columns[-2])}\n")
        stem = f"mean-maps-{method.replace('*', '-')}"
        means, names = np.stack([c.mean for c in columns]), [c.name for c in columns]
        plots_saliency.mean_maps(
            mean_faces, means, names, masks,
            [f"{c.count:,} faces\neyes {100 * c.share['eyes']:.0f} %, "
             f"mouth {100 * c.share['mouth']:.0f} %" for c in columns],
            folder / f"{stem}.png", given.overlay,
            f"{part.source}, test part: mean saliency ({method}) of the {given.of} of "
            f"{given.target or 'the class predicted'}")
        save(folder / f"{stem}.npz", mean_faces=np.stack(mean_faces), mean_maps=means,
             names=np.array(names),
             **{f"share_{name}": np.array([c.share[name] for c in columns]) for name in masks})
        files += [f"{stem}.png", f"{stem}.npz"]
    return files


def audit_pictures(given, model, part, options, folder):
    from tinyfer import plots_saliency

    line = Line()
    summary, results = audit(model, part, given.faces or AUDIT_FACES, given.of, options, given.seed,
                             line)
    seconds = time.perf_counter() - line.started
    line.done(f"audit of {summary['faces']} faces in {duration(seconds)}")
    title = f"{part.source}, {summary['faces']} test faces"
    plots_saliency.randomisation(results["stages"], list(METHODS), results["alike"],
                                 folder / "randomisation.png", title)
    curves = results["curves"]
    own = {name: both for name, both in curves.items() if "mean map" not in name}
    plots_saliency.deletion_insertion(results["share"], own, folder / "faithfulness.png", given.of,
                                      title)
    plots_saliency.planted(results["planted"], folder / "planted.png",
                           f"{part.source} with a planted patch (left) and a decoy (right)")
    runs.write_json(folder / "audit.json", summary)
    table = as_markdown(summary)
    with atomic_write(folder / "audit.md") as file:
        file.write(table.encode() + b"\n")
    save(folder / "audit.npz", stages=np.array(results["stages"]), methods=np.array(list(METHODS)),
         share=results["share"], **results["alike"],
         **{f"{kind}, {name}": both[kind] for name, both in curves.items() for kind in both},
         **{f"planted, {name}": mean for name, mean in results["planted"].items()})
    print(table)
    return ("audit.json", "audit.md", "audit.npz", "randomisation.png", "faithfulness.png",
            "planted.png")


def named(maps):
    return {f"maps_{method.replace('*', '_')}": values for method, values in maps.items()}


def save(path, **arrays):
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def _fail(message):
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
