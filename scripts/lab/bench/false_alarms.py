"""How often a gradient check refuses a gradient that is right, with the old floor and the new.

    python scripts/lab/bench/false_alarms.py --seeds 1000

The layers' own backwards, proved elsewhere, are checked on fresh random inputs, gradients and
parameters. The noise of such a slope is up to 4e-10; a check with too low a floor asks for seven
digits of numbers that have only three. Chapter 4.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tinyfer.commands import cli  # noqa: E402
from tinyfer.core.gradcheck import FLOOR, LIMIT, numerical_gradient, relative_error  # noqa: E402
from tinyfer.core.layers import BatchNorm, Conv2D, Dense  # noqa: E402

LAYERS = {"dense": (lambda rng: Dense(5, 4, rng, dtype=np.float64), (3, 5)),
          "convolution": (lambda rng: Conv2D(2, 3, rng, dtype=np.float64), (2, 5, 6, 2)),
          "batch norm": (lambda rng: BatchNorm(3, dtype=np.float64), (2, 5, 4, 3))}


def largest_errors(build, shape, rng, floors):
    """The largest relative error of all gradients of one draw, for each floor."""
    layer, x = build(rng), rng.standard_normal(shape)
    dout = rng.standard_normal(layer.forward(x, True).shape)

    def forward():
        return layer.forward(x, training=True)

    pairs = [(layer.backward(dout), x)] + [(p.grad, p.value) for p in layer.parameters()]
    measured = [numerical_gradient(forward, moved, dout) for _, moved in pairs]
    return [max(relative_error(gradient, n, floor) for (gradient, _), n in zip(pairs, measured))
            for floor in floors]


def parse(argv):
    parser = cli.parser(__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=cli.at_least(1), default=300, help="draws (300)")
    return parser.parse_args(argv)


def run(options):
    floors = 1e-8, 1e-4, FLOOR
    print(f"right gradients refused at the limit {LIMIT:.0e}, {options.seeds} draws each")
    for name, (build, shape) in LAYERS.items():
        errors = np.array([largest_errors(build, shape, np.random.default_rng(seed), floors)
                           for seed in range(options.seeds)])
        shares = "   ".join(f"floor {floor:.0e}: {(column > LIMIT).sum():4} refused, "
                            f"largest error {column.max():.1e}"
                            for floor, column in zip(floors, errors.T))
        print(f"{name:<12} {shares}")


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
