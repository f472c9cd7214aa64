"""Which answers of a network should be called unsure, and what are the others worth?

    python scripts/lab/score_unsure.py --data data/archive.zip

On PublicTest, which the seven-class network has not learnt from: the fraction of faces called
unsure, and the accuracy of the rest, by the least probability and the least distance to the next
class. A star marks the rule of tinyfer/photo/reading.py, chosen here: about a quarter of the faces
are unsure, and of the rest four in five are right. PrivateTest is scored by that rule alone; its
figures had been seen when the rule was fixed, so they are no blind check of it.
"""

import sys

import numpy as np
import options

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.networks import load_model
from tinyfer.photo.reading import AHEAD, BEST_CROPS, DEFAULT, SURE, unsure

LEAST = (0.3, 0.4, 0.5, 0.6)        # probabilities of the answer,
DISTANCES = (0, 0.1, 0.2, 0.3)      # and how far it is ahead


def parse(argv):
    parser = options.parser(__doc__, "--data", "--crops", "--threads", crops=BEST_CROPS)
    parser.add_argument("network", nargs="?", default=DEFAULT,
                        help=f"name, file or run folder (default {DEFAULT})")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(score, parse, argv)


def score(given):
    set_threads(given.threads)
    model, data = load_model(given.network), cli.fer2013(given.data)
    if tuple(model.class_names) != tuple(data.class_names):
        raise ValueError(f"{given.network} has other classes than FER-2013")
    for usage, rules in (("PublicTest", [(p, d) for p in LEAST for d in DISTANCES]),
                         ("PrivateTest", [(SURE, AHEAD)])):
        part = data[data.usage == usage]
        p = model.predict_proba(part.faces, crops=given.crops)
        right = p.argmax(axis=1) == part.labels
        print(f"{usage}, {len(part):,} faces: {right.mean():.3f} right\n"
              "least p  ahead  unsure  right of the rest  right of the unsure")
        for least, ahead in rules:
            doubt = unsure(p, least, ahead)
            print(f"{least:7.1f}{ahead:7.1f}{doubt.mean():8.3f}{mean(right[~doubt]):19.3f}"
                  f"{mean(right[doubt]):21.3f}" + "  *" * ((least, ahead) == (SURE, AHEAD)))


def mean(values):
    return values.mean() if len(values) else np.nan


if __name__ == "__main__":
    sys.exit(main())
