"""What each idea is worth: one rung of the ladder at a time, from a linear classifier upwards.

    python scripts/lab/ablation.py --list
    python scripts/lab/ablation.py --rung six-norm --data archive.zip     train it, or go on with it
    python scripts/lab/ablation.py --rung six-norm --drawn 2000           the same on drawn faces
    python scripts/lab/ablation.py --write                                docs/ladder.json, the page

A rung that was stopped goes on after its last whole epoch, by the same command.
"""

import sys
from pathlib import Path

import options
from ablations.climb import climb, folder_of, look_again
from ablations.plan import RUNGS

from tinyfer.commands import cli
from tinyfer.data import draw_faces


def parse(argv):
    parser = options.parser(__doc__, "--data", "--seed")
    add = parser.add_argument
    add("--list", action="store_true", help="print the rungs, lowest first")
    add("--rung", metavar="NAME", choices=RUNGS, help="train this rung; --list names them")
    add("--drawn", type=cli.at_least(1), metavar="N", help="train on N drawn faces instead")
    add("--out", default="runs/ladder", metavar="FOLDER",
        help="where each rung has its run folder (default runs/ladder)")
    add("--write", action="store_true", help="write docs/ladder.json, the block of "
        "docs/results.md and the pictures from the finished rungs in --out")
    given = parser.parse_args(argv)
    if not (given.list or given.rung or given.write):
        parser.error("nothing to do: give --rung NAME, --list or --write")
    return given


def main(argv=None):
    return cli.main(run, parse, argv, "stopped; the same command goes on")


def run(given):
    if given.list:
        for rung in RUNGS.values():
            print(f"{rung.name:<20} {rung.idea}" + (f" (over {rung.below})" * bool(rung.below)))
    if given.rung:
        train(RUNGS[given.rung], given)
    if given.write:
        sys.path.append(str(Path(__file__).resolve().parents[1] / "course"))    # for its figures
        from ablations.results import write
        write(Path(given.out))


def train(rung, given):
    faces = (draw_faces(given.drawn, seed=given.seed) if given.drawn
             else cli.fer2013(given.data))
    folder = folder_of(given.out, rung, given.seed, given.drawn)
    print(f"{rung.name}: {rung.idea}; {faces.source}, {folder}", flush=True)
    if rung.recipe is None:
        below = RUNGS[rung.below]
        look_again(rung, below, faces, folder_of(given.out, below, given.seed, given.drawn),
                   folder, given.seed)
    else:
        climb(rung, faces, folder, given.seed)


if __name__ == "__main__":
    sys.exit(main())
