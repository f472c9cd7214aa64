"""What weights that are there are worth to a few pictures of one's own, beside none.

    python scripts/lab/fine_tuning.py --data archive.zip          an hour or so; docs/fine-tuning.md

Folders of two, three and seven classes are made of PublicTest, on which the seven-class network was
not trained: train/ with so many pictures, test/ with others, of which one half chooses the epoch
and the other is scored. They lie in --out, with the runs; what is finished there is not done again.
"""

import sys
from pathlib import Path

import numpy as np
import options
import pages
from PIL import Image

from tinyfer.commands import cli, train
from tinyfer.core.networks import load_model
from tinyfer.data.faces import EMOTIONS
from tinyfer.scores.metrics import accuracy
from tinyfer.training.evaluation import parts_of
from tinyfer.training.runs import open_run

DOCS = Path(__file__).resolve().parents[2] / "docs"
START = "seven-class"
CLASSES = {2: ("happy", "sad"), 3: ("happy", "neutral", "sad"), 7: EMOTIONS}
SIZES = 50, 200, 1000
HELD = 500              # pictures of test/
HEAD = ["classes", "pictures", f"{START} as it is", f"from {START}", "from scratch"]


def parse(argv):
    parser = options.parser(__doc__, "--data", "--seed")
    parser.add_argument("--out", type=Path, default=Path("runs/fine-tuning"), metavar="FOLDER",
                        help="where the pictures and runs go (default runs/fine-tuning)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(compare, parse, argv)


def compare(given):
    data = cli.fer2013(given.data)
    data, rows = data[data.usage == "PublicTest"], {}
    for classes, names in CLASSES.items():
        for size in SIZES:
            folder = given.out / f"{classes}-{size}-seed{given.seed}"
            learnt = make_folder(folder / "pictures", data, names, size, given.seed)
            rows[folder] = [classes, f"{learnt:,}", "", "", ""]
    for column, name in ((3, "from"), (4, "nothing")):
        for folder in sorted(rows, key=lambda folder: rows[folder][1].zfill(9)):
            rows[folder][column] = score(folder, name, given.seed)
            rows[folder][2] = rows[folder][2] or score_as_it_is(folder)
            table = pages.table(HEAD, rows.values())
            pages.rewrite(DOCS / "fine-tuning.md", {"fine-tuning": table})
    print(table)


def make_folder(folder, data, names, size, seed):
    """train/ of about `size` pictures and test/ of HELD others, in proportion to the classes there
    are, but at least four of each in train/; returns how many are in train/."""
    rng, made = np.random.default_rng(seed), 0
    members = [rng.permutation(np.flatnonzero(data.labels == data.class_names.index(name)))
               for name in names]
    total = sum(map(len, members))
    for name, of_class in zip(names, members):
        held = round(HELD * len(of_class) / total)
        learnt = max(4, round(size * len(of_class) / total))
        made += learnt
        for part, chosen in (("test", of_class[:held]), ("train", of_class[held:held + learnt])):
            place = folder / part / name
            place.mkdir(parents=True, exist_ok=True)
            for i in chosen:
                Image.fromarray(data.faces[i]).save(place / f"{i}.png")
    return made


def score(folder, name, seed):
    """Accuracy on the test part of a network trained on the pictures of a folder; name: "from" the
    packaged one, or from "nothing"."""
    run, config = folder / name, dict(data=str(folder / "pictures"), seed=seed, split="official")
    if not (run / "metrics.json").exists():
        resumed = (run / "config.json").exists()
        config |= dict(start=START) if name == "from" else {}
        train.train_run(train.new_config(config), run, resumed=resumed)
    test = parts_of(open_run(run))[0].test
    return f"{accuracy(test.labels, open_run(run).model.predict(test.faces)):.3f}"


def score_as_it_is(folder):
    """The same of the packaged network, choosing among these classes only."""
    test, whole = parts_of(open_run(folder / "from"))[0].test, load_model(START)
    places = [whole.class_names.index(name) for name in test.class_names]
    answers = whole.predict_proba(test.faces)[:, places].argmax(axis=1)
    return f"{accuracy(test.labels, answers):.3f}"


if __name__ == "__main__":
    sys.exit(main())
