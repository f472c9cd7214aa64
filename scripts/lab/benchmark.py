"""Time tinyfer against the libraries that are installed, on the same network and the same cores.

    python scripts/lab/benchmark.py             training step and inference, the contenders in turn
    python scripts/lab/benchmark.py --photographs --portrait photo.jpg      what a person waits for
    python scripts/lab/benchmark.py --photographs --busy    the same beside a busy neighbour
    python scripts/lab/benchmark.py --all       and every layer, batch sizes and threads, start-up
    python scripts/lab/benchmark.py --check     exit code 1 if tinyfer is slower than it claims

A contender works in a process of its own, with the same number of threads and the same float32
weights, and must first give the same results as tinyfer. Then they take turns, round after round:
a training step is forward, loss, backward and Adam on one batch that lies ready; inference starts
from uint8 images and ends with probabilities. docs/speed.md explains the results.
"""

import sys

import options
from bench import contest, layers, machine, photographs, startup, sweep, text
from bench.contenders import CONTENDERS, USUAL, is_judge, missing
from bench.contest import WANTED
from bench.turns import neighbour

from tinyfer.commands import cli, pages
from tinyfer.commands.cli import at_least
from tinyfer.training.runs import write_json

PARTS = {
    "contest": "the training step and inference of all contenders: the default",
    "photographs": "a portrait read, a film watched, faces found, beside fer and OpenCV",
    "layers": "time and GFLOP/s of every layer and pass, and the limits of the machine",
    "sweep": "batch sizes 2 to 256 on one thread and on all",
    "startup": "import, first step with and without compiled kernels"}
# What a part beside the contest measures, in this order: each has `measure` and `table`.
TABLES = {
    "photographs": dict(photographs=photographs), "layers": dict(limits=machine, layers=layers),
    "sweep": dict(sweep=sweep), "startup": dict(startup=startup)}


def parse(argv):
    parser = options.parser(__doc__, "--rounds", "--batch-size", "--threads", "--json", "--fill",
                            rounds=15, threads=machine.cores())
    add = parser.add_argument
    add("--images", type=at_least(1), default=256, metavar="N", help="images for inference (256)")
    add("--contenders", type=cli.one_of(CONTENDERS, "contender"), default=USUAL,
        metavar="A,B,...", help="who takes part besides tinyfer, of: "
        + ", ".join(list(CONTENDERS)[1:]) + " (default: all but torch-compile)")
    for part, words in PARTS.items():
        add(f"--{part}", action="append_const", dest="parts", const=part, help=words)
    add("--all", action="store_const", dest="parts", const=list(PARTS), help="all of these")
    add("--portrait", metavar="FILE", help="a photograph of a face to read (default: a drawn one)")
    add("--busy", action="store_true", help="measure beside a neighbour that multiplies matrices "
        "on one core all the time")
    add("--check", action="store_true",
        help=f"exit 1 unless a training step is {WANTED['training']['float32']:g} and inference "
        f"{WANTED['inference']['float32']:g} times as fast as PyTorch's fastest in float32, "
        f"{WANTED['training']['bfloat16']:g} and {WANTED['inference']['bfloat16']:g} times as fast "
        "as in bfloat16, and inference faster than ONNX Runtime where installed; 2 where PyTorch "
        "is missing")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv)


def run(given):
    if given.threads > machine.cores():
        raise ValueError(f"--threads {given.threads}: there are {machine.cores()} cores here")
    parts = given.parts or ["contest"]
    given.chosen = chosen_contenders(given)
    if given.fill:
        pages.blocks_of(given.fill)         # fail now rather than after minutes
    results, tables = {"machine": machine.describe(given.threads)}, {}
    introduce(results["machine"])

    def done(name, measured, table):
        results[name], tables[name] = measured, table
        print(f"\n{table}", flush=True)

    with neighbour(given.busy):
        if "contest" in parts or given.check:
            contest.compile_kernels(given)
            for kind in ("training", "inference"):
                measured = contest.measure(kind, given)
                done(kind, measured, contest.table(kind, measured, given))
        for part in (part for part in TABLES if part in parts):
            for name, module in TABLES[part].items():
                measured = module.measure(given)
                done(name, measured, module.table(measured, given))

    verdicts = contest.check(results) if given.check else []
    for passed, sentence in verdicts:
        print(f"{'ok  ' if passed else 'FAIL'}  {sentence}")
    if given.json:
        write_json(given.json, results)
    if given.fill:
        text.fill(given.fill, tables)
    return 0 if all(passed for passed, _ in verdicts) else 1


def chosen_contenders(given):
    chosen = [CONTENDERS[key] for key in dict.fromkeys(("tinyfer", *given.contenders))]
    judges = [c for c in chosen if is_judge(c)]
    if given.check and not judges:
        raise ValueError("--check compares with PyTorch in float32: add torch-last to --contenders")
    if given.check and all(missing(c) for c in judges):
        raise ValueError("--check compares with PyTorch, which is not installed "
                         "(pip install -e '.[bench]')")
    return chosen


def introduce(about):
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    print(f"{about['cpu']}, {about['vector_bits']}-bit vectors; {about['threads']} of "
          f"{about['cores']} cores used\nPython {about['python']}, {versions}")
    if about["load"] is not None:
        print(f"load average before: {about['load']:.2f}", flush=True)
        if about["load"] > machine.BUSY:
            print("WARNING: other programs are at work on this machine; these times will not be "
                  "what it can do", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
