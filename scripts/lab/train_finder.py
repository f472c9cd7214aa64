"""Train the face finder: two networks, each in rounds, each round with the scenes that fooled it.

    python scripts/lab/train_finder.py --faces faces.zip --data archive.zip

The same command with the same seed gives the same weights, and goes on with a run that was stopped
after its last whole epoch. What it needs: faces.zip with the folders Caltech_CropFaces/ (6,713 grey
faces of 36x36) and train_non_face_scenes/ (274 photographs without a face), and FER-2013. At the
end scan.npz and look.npz, ready to be packaged, and their curves are in --out. See chapter 20.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import options
from exporting.packaging import save_packaged
from finder.calibration import calibrate
from finder.rounds import Windows, judge, train_round
from finder.sources import TURNED, mining_pictures, read_sources
from finder.windows import scenes_of
from PIL import Image

from tinyfer.commands import cli
from tinyfer.commands.progress import duration
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.optim import Adam
from tinyfer.photo.finder import LOOK_SIZE, SCAN_SIZE, Finder, face_look, face_scan, suppress
from tinyfer.scores import plots
from tinyfer.storage.arrays import load_arrays, save_arrays
from tinyfer.training import runs
from tinyfer.training.checkpoint import load_checkpoint, save_checkpoint

# name: network, pixels of its window, rounds, epochs of a round, batches of an epoch
NETWORKS = {"scan": (face_scan, SCAN_SIZE, 3, 5, 200), "look": (face_look, LOOK_SIZE, 3, 5, 200)}
BATCH = 256
RATE = 2e-3
LEAST = {"scan": 0.2, "look": 0.02}     # the score from which a window is a hard one
SMALLEST = 15           # pixels a side of the smallest windows among the hard ones
MOST_HARD = 60_000
VALIDATION = 8000


def parse(argv):
    parser = options.parser(__doc__, "--faces", "--data", "--seed", "--threads")
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/finder"), metavar="FOLDER",
        help="the folder of the run (default runs/finder)")
    add("--size", type=float, default=1.0, metavar="F",
        help="F times as many batches in an epoch (default 1)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(train, parse, argv, "stopped; the same command goes on")


def train(given):
    set_threads(given.threads)
    folder, note = given.out, given.out / "settings.json"
    settings = json.dumps(dict(seed=given.seed, size=given.size))
    if not note.is_file():
        runs.new_folder(folder)
    elif note.read_text() != settings:
        raise ValueError(f"the run in {folder} has the settings {note.read_text()}, not "
                         f"{settings}: choose another --out")
    training, validation = read_sources(given.faces, given.data)
    note.write_text(settings)
    print(f"{sum(len(b.pictures) for b in training.banks):,} faces and {len(training.scenes)} "
          f"scenes to learn from; {sum(len(b.pictures) for b in validation.banks):,} and "
          f"{len(validation.scenes)} to validate on", flush=True)
    scan = train_network("scan", folder, training, validation, given, Finder)
    look = train_network("look", folder, training, validation, given,
                         lambda look: Finder(scan, look), scan)
    a, b = calibrate(Finder(scan, look), look, validation, given.seed)
    print(f"calibrated on validation: the logit of a score is {a:.2f} of itself {b:+.2f}")
    for name, model in ("scan", scan), ("look", look):
        trained = dict(command="scripts/lab/train_finder.py", seed=given.seed, size=given.size)
        save_packaged(folder / f"{name}.npz", model, trained)
    print(f"scan.npz, look.npz and their curves are in {folder}")


def train_network(name, folder, training, validation, given, finder_of, scan=None):
    """All rounds of one network, from where its checkpoint left off."""
    build, size, rounds, epochs, steps = NETWORKS[name]
    steps = max(1, round(steps * given.size))
    model = build(seed=given.seed)
    optimizer = Adam(model.parameters(), lr=RATE)
    last, history = folder / f"{name}-last.npz", []
    if last.exists():
        history = load_checkpoint(last, model, optimizer)
    pictures = mining_pictures(training.scenes)
    windows = Windows(training, scenes_of(pictures), size, standardise=name == "look")
    judged = Windows(validation, scenes_of(validation.scenes), size, name == "look").draw(
        VALIDATION, np.random.default_rng(given.seed))
    print(f"{name}: {model.num_parameters():,} values")
    for number in range(len(history) // epochs, rounds):
        windows.hard = hard_windows(folder / f"{name}-hard-{number}.npz", pictures, name, number,
                                    lambda: finder_of(model), scan)
        first = len(history) - number * epochs
        rate = RATE if number == 0 else RATE / 2
        started = time.perf_counter()
        for loss, right in train_round(model, optimizer, windows, (first, epochs), steps, BATCH,
                                       rate):
            seen = judge(model, judged)
            history.append(dict(epoch=len(history) + 1, loss=loss, accuracy=right,
                                val_loss=seen["loss"], val_accuracy=seen["accuracy"],
                                seconds=time.perf_counter() - started))
            save_checkpoint(last, model, optimizer, history)
            print(f"{name} round {number} epoch {len(history)}  loss {loss:.4f}  validation "
                  f"{seen['loss']:.4f}  missed {seen['missed']:.4f}  false {seen['false']:.4f}  "
                  f"off {seen['off']:.4f}  {duration(history[-1]['seconds'])}", flush=True)
            started = time.perf_counter()
    plots.learning_curves(history, folder / f"{name}-curves.png", f"{name}, {rounds} rounds")
    return model


def hard_windows(path, pictures, name, number, finder, scan):
    """(N, 4) scene, x, y and side of the windows that are hard now; kept in a file for --resume."""
    if name == "scan" and number == 0:
        return np.empty((0, 4), np.float32)
    if path.exists():
        return load_arrays(path)["hard"]
    found, finder = [], Finder(scan) if number == 0 else finder()
    for k in range(number % TURNED, len(pictures), TURNED):     # each round turned another way
        picture = pictures[k]
        grey = Image.fromarray(picture)
        boxes = finder.candidates(grey, SMALLEST, LEAST["scan"])
        if name == "look" and number:
            boxes[:, 3] = finder.looked_at(grey, boxes)[:, 3]
            boxes = suppress(boxes[boxes[:, 3] > LEAST["look"]], 0.8)
        found.append(np.concatenate([np.full((len(boxes), 1), k), boxes[:, :3],
                                     boxes[:, 3:]], axis=1))
    found = np.concatenate(found)
    found = found[np.argsort(-found[:, 4])][:MOST_HARD, :4].astype(np.float32)
    save_arrays(path, {"hard": found})
    print(f"{name} round {number}: {len(found):,} hard windows", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
