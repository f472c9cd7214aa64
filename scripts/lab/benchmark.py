"""Time tinyfer against the libraries that are installed, on the same network and the same cores.

    python scripts/lab/benchmark.py             training step and inference, the contenders in turn
    python scripts/lab/benchmark.py --photographs --portrait photo.jpg      what a person waits for
    python scripts/lab/benchmark.py --photographs --busy    the same beside a busy neighbour
    python scripts/lab/benchmark.py --all       and every layer, batch sizes and threads, start-up
    python scripts/lab/benchmark.py --check     exit code 1 if tinyfer is not as fast as it claims to be

A contender works in a process of its own, with the same number of threads and the same float32
weights, and must first give the same results as tinyfer. Then they take turns, round after round:
a training step is forward, loss, backward and Adam on one batch that lies ready; inference starts
from uint8 images and ends with probabilities. docs/speed.md explains the results.
"""

import sys
from argparse import RawDescriptionHelpFormatter

from bench import contest, layers, machine, photographs, pieces, startup, sweep, text
from bench.contenders import CONTENDERS, USUAL, is_judge, missing
from bench.contest import WANTED
from bench.turns import neighbour

from tinyfer.commands import cli, pages
from tinyfer.commands.cli import at_least
from tinyfer.training.runs import write_json

PARTS = ("contest", "photographs", "layers", "pieces", "sweep", "startup")


def parse(argv):
    parser = cli.parser(__doc__, formatter_class=RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--rounds", type=at_least(1), default=15, metavar="N",
        help="rounds in which every contender takes its turn (default 15)")
    add("--batch-size", type=at_least(2), default=64, metavar="N",
        help="images a training step (64)")
    add("--images", type=at_least(1), default=256, metavar="N", help="images for inference (256)")
    add("--threads", type=at_least(1), default=machine.cores(), metavar="N",
        help="threads of every contender (default: one per core)")
    add("--contenders", type=cli.one_of(CONTENDERS, "contender"), default=USUAL,
        metavar="A,B,...", help="who takes part besides tinyfer, of: "
        + ", ".join(list(CONTENDERS)[1:]) + " (default: all but torch-compile)")
    for part in PARTS:
        add(f"--{part}", action="append_const", dest="parts", const=part, help={
            "contest": "the training step and inference of all contenders: the default",
            "photographs": "a portrait read, a film watched, faces found, beside fer and OpenCV",
            "layers": "time and GFLOP/s of every layer and pass, and the limits of the machine",
            "pieces": "into how many pieces each stage is cut, and what more threads can gain",
            "sweep": "batch sizes 1 to 256 on one thread and on all",
            "startup": "import, first step with and without compiled kernels"}[part])
    add("--all", action="store_const", dest="parts", const=list(PARTS), help="all of these")
    add("--portrait", metavar="FILE", help="a photograph of a face to read (default: a drawn one)")
    add("--busy", action="store_true", help="measure beside a neighbour that multiplies matrices "
        "on one core all the time")
    add("--sizes", type=cli.numbers, default=sweep.SIZES, metavar="A,B,...",
        help="batch sizes of the sweep (default " + ",".join(map(str, sweep.SIZES)) + ")")
    add("--json", metavar="FILE", help="write every number to this file")
    add("--fill", metavar="FILE", help="put the tables into their places in this document")
    add("--check", action="store_true",
        help=f"exit 1 unless a training step is {WANTED['training']['float32']:g} and inference "
        f"{WANTED['inference']['float32']:g} times as fast as PyTorch's fastest in float32, "
        f"{WANTED['training']['bfloat16']:g} and {WANTED['inference']['bfloat16']:g} times as fast "
        "as in bfloat16, and inference faster than ONNX Runtime where installed; 2 where PyTorch "
        "is missing")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv)


def run(options):
    with neighbour(options.busy):
        return measure(options)


def measure(options):
    if options.threads > machine.cores():
        raise ValueError(f"--threads {options.threads}: there are {machine.cores()} cores here")
    parts = options.parts or ["contest"]
    chosen = chosen_contenders(options)
    if options.fill:
        pages.blocks_of(options.fill)       # fail now rather than after minutes
    results = {"machine": machine.describe(options.threads)}
    tables = {}
    introduce(results["machine"])

    def done(name, content):
        tables[name] = content
        print(f"\n{content}", flush=True)

    if "contest" in parts or options.check:
        contest.compile_kernels(options)
        for kind in ("training", "inference"):
            results[kind] = contest.measure(kind, chosen, options)
            done(kind, contest.table(kind, results[kind], options))
    if "photographs" in parts:
        results["photographs"] = photographs.measure(options)
        done("photographs", photographs.table(results["photographs"], options))
    if "layers" in parts:
        results["limits"] = machine.limits(options.threads)
        results["layers"] = layers.measure(options.batch_size, options.threads, options.rounds)
        done("limits", machine.limits_table(results["limits"], options.threads))
        done("layers", layers.table(results["layers"], options))
    if "pieces" in parts:
        results["pieces"] = pieces.measure(options.batch_size, options.rounds)
        done("pieces", pieces.table(results["pieces"], options))
    if "sweep" in parts:
        results["sweep"] = sweep.measure(chosen, options)
        done("sweep", sweep.table(results["sweep"], options))
    if "startup" in parts:
        results["startup"] = startup.measure(options.batch_size, options.threads)
        done("startup", startup.table(results["startup"], options))

    verdicts = contest.check(results) if options.check else []
    for passed, sentence in verdicts:
        print(f"{'ok  ' if passed else 'FAIL'}  {sentence}")
    if options.json:
        write_json(options.json, results)
    if options.fill:
        text.fill(options.fill, tables)
    return 0 if all(passed for passed, _ in verdicts) else 1


def chosen_contenders(options):
    chosen = [CONTENDERS[key] for key in dict.fromkeys(("tinyfer", *options.contenders))]
    if options.check:
        judges = [c for c in chosen if is_judge(c)]
        if not judges:
            raise ValueError("--check compares with PyTorch in float32: add torch-last to "
                             "--contenders")
        if all(missing(c) for c in judges):
            raise ValueError("--check compares with PyTorch, which is not installed "
                             "(pip install -e '.[bench]')")
    return chosen


def introduce(about):
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    print(f"{about['cpu']}, {about['vector_bits']}-bit vectors; {about['threads']} of "
          f"{about['cores']} cores used\nPython {about['python']}, {versions}")
    if about["load"] is not None:
        print(f"load average before: {about['load']:.2f}")
        if about["load"] > machine.BUSY:
            print("WARNING: other programs are at work on this machine; these times will not be "
                  "what it can do", file=sys.stderr)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
