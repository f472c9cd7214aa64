"""Score networks on the drawn faces of the page: do they say what its buttons and sliders say?

    python scripts/lab/score_drawn.py five-class-study seven-class

For each button: of how many drawn people the face is read as the button says. For two moves of the
sliders, from the same people's neutral face: with how many the probability rises.
"""

import numpy as np
import options

from tinyfer.commands import cli
from tinyfer.core.networks import load_model
from tinyfer.data.drawn import draw_face
from tinyfer.data.faces import EMOTIONS

# What is moved, to where, and the class whose probability is to rise.
MOVES = {"corners of the mouth up": (dict(lift=0.19), "happy"),
         "inner brows up, mouth open": (dict(brow_in=0.2, open=0.25), "fear")}


def parse(argv):
    parser = options.parser(__doc__, "networks")
    parser.add_argument("--people", type=cli.at_least(1), default=100, metavar="N",
                        help="drawn people (default 100, as the page has them)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    people = range(1, given.people + 1)
    neutral = drawn("neutral", people)
    for place in given.networks:
        model = load_model(place)
        print(f"{place}, of {given.people} people")
        for name in (name for name in EMOTIONS if name in model.class_names):
            right = model.predict(drawn(name, people)) == model.class_names.index(name)
            print(f"  {'button ' + name:<36} {right.sum():>4}  read so")
        for words, (measures, name) in MOVES.items():
            if name in model.class_names:
                k = model.class_names.index(name)
                moved = model.predict_proba(drawn("neutral", people, **measures))[:, k]
                rises = moved > model.predict_proba(neutral)[:, k]
                print(f"  {words + ' raises ' + name:<36} {rises.sum():>4}")


def drawn(name, people, **measures):
    """(N, 48, 48): the page's face of an expression for each of some people."""
    return np.stack([draw_face(name, seed, **measures) for seed in people])


if __name__ == "__main__":
    raise SystemExit(main())
