"""Time tinyfer against the libraries that are installed, on the same network and the same cores.

    python scripts/lab/benchmark.py                 training step and inference beside PyTorch
    python scripts/lab/benchmark.py --compiled      beside PyTorch's compiled network, too
    python scripts/lab/benchmark.py --photographs --portrait photo.jpg      what a person waits for
    python scripts/lab/benchmark.py --photographs --busy    the same beside a busy neighbour

A contender works in a process of its own, with the same number of threads and the same float32
weights, and must first give the same results as tinyfer. Then they take turns, round after round:
a training step is forward, loss, backward and Adam on one batch that lies ready; inference starts
from uint8 images and ends with probabilities. docs/speed.md explains the results.
"""

import os
import sys

import options
from bench import contest, photographs
from bench.race import neighbour

from tinyfer.commands import cli
from tinyfer.commands.cli import at_least
from tinyfer.core.kernels import simd
from tinyfer.training.runs import describe_machine


def parse(argv):
    parser = options.parser(__doc__, "--threads", threads=os.cpu_count())
    add = parser.add_argument
    add("--rounds", type=at_least(1), default=15, metavar="N",
        help="rounds in which everyone takes a turn (default 15)")
    add("--batch-size", type=at_least(2), default=64, metavar="N",
        help="images a training step (default 64)")
    add("--images", type=at_least(1), default=256, metavar="N", help="images for inference (256)")
    add("--compiled", action="store_true", help="also PyTorch's compiled network, which takes a "
        "C++ compiler and minutes")
    add("--photographs", action="store_true", help="time instead a portrait read, a film watched "
        "and faces found, beside fer and OpenCV")
    add("--portrait", metavar="FILE", help="a photograph of a face to read (default: a drawn one)")
    add("--busy", action="store_true", help="measure beside a neighbour that multiplies matrices "
        "on one core all the time")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv)


def run(given):
    about = describe_machine()
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    print(f"{about['cpu']}, {8 * simd.VECTOR_BYTES}-bit vectors; {given.threads} of "
          f"{os.cpu_count()} cores used\nPython {about['python']}, {versions}")
    if hasattr(os, "getloadavg"):
        print(f"load average before: {os.getloadavg()[0]:.2f} (at rest it is below 0.5)")
    with neighbour(given.busy):
        for table in (photographs if given.photographs else contest).measure(given):
            print(f"\n{table}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
