"""Time every version of the convolution, from seven plain loops to today's, and draw the climb.

    python scripts/lab/speed_ladder.py

One layer of the network (20 x 20 pixels of 128 channels, to 18 x 18 of 128) forward and backward,
and a whole training step in which all convolutions are of that version. The versions take turns,
each in a process of its own. The slowest are timed on fewer images, or fewer pixels, and their
times multiplied up: those are marked with ~. docs/speed.md tells the story of each.
"""

import statistics
import sys
from functools import partial
from pathlib import Path

import options
from bench import layers, machine, pictures, text
from bench.ladder import CHANNELS, RUNGS, SIZE, multiply_adds
from bench.turns import Worker, take_turns, workers

from tinyfer.commands import cli, pages
from tinyfer.training.runs import describe_threads

NAME = f"{SIZE}x{SIZE}x{CHANNELS} to {SIZE - 2}x{SIZE - 2}x{CHANNELS}"
NETWORK, LAYER = 143.0e6, multiply_adds(SIZE, CHANNELS, 1)      # multiply-adds an image, forward


def parse(argv):
    parser = options.parser(__doc__, "--rounds", "--batch-size", "--threads", "--fill", rounds=7,
                            threads=machine.cores())
    add = parser.add_argument
    add("--rungs", type=cli.one_of(RUNGS, "version"), default=tuple(RUNGS), metavar="A,B,...",
        help="versions, of: " + ", ".join(RUNGS) + " (default all)")
    add("--figures", type=Path, metavar="FOLDER",
        help="draw speed_ladder.png and roofline.png in this folder")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv)


def run(given):
    if given.fill:
        pages.blocks_of(given.fill)         # fail now rather than after minutes
    rows = measure(given)
    table = ladder_table(rows, given)
    print(table)
    if given.figures:
        limits = machine.measure(given)
        pictures.ladder(rows, given.figures / "speed_ladder.png", given.batch_size, NAME)
        pictures.roofline(points(layers.measure(given), rows, given.batch_size), limits,
                          given.figures / "roofline.png")
    if given.fill:
        text.fill(given.fill, {"ladder": table})


def measure(given):
    """[dict(key, title, scaled, error, forward_ms, backward_ms, step_ms)], one for each rung."""
    with workers() as started:
        rows, turns = {}, {}
        for key in given.rungs:
            rung = RUNGS[key]
            worker = started[key] = Worker(rung.title, given.threads, "bench.ladder.Ladder", key,
                                           given.batch_size)
            rows[key] = dict(key=key, title=rung.title, error=worker.call("error"),
                             scaled=bool(rung.images))
            if rung.step is not None:
                worker.call("prepare_step", given.batch_size)
            for method in ("forward", "backward", "step")[:2 if rung.step is None else 3]:
                turns[key, method] = partial(worker.seconds, method)
        seconds = take_turns(turns, given.rounds)
        for (key, method), values in seconds.items():
            layer_scale, step_scale = started[key].call("scales")
            scale = step_scale if method == "step" else layer_scale
            rows[key][f"{method}_ms"] = 1e3 * scale * statistics.median(values)
    for row in rows.values():
        row.setdefault("step_ms", NETWORK / LAYER * (row["forward_ms"] + row["backward_ms"]))
    return list(rows.values())


def ladder_table(rows, given):
    lines, before = [], None
    operations = 2 * 3 * multiply_adds(SIZE, CHANNELS, given.batch_size)    # convolved directly
    for row in rows:
        layer, mark = row["forward_ms"] + row["backward_ms"], "~" * row["scaled"]
        lines.append([row["title"], f"{mark}{row['forward_ms']:,.1f}",
                      f"{mark}{row['backward_ms']:,.1f}", f"{operations / layer / 1e6:,.3g}",
                      before and f"{before / layer:.1f}", f"{mark}{row['step_ms']:,.0f}",
                      f"{row['error']:.0e}"])
        before = layer
    title = (f"{given.batch_size} images, {describe_threads(given.threads)}, medians of "
             f"{given.rounds} turns; one layer is {NAME}; ~ calculated from less work")
    return text.table(["version", "forward ms", "backward ms", "GFLOP/s", "x faster",
                       "whole step ms", "relative error"], lines, title)


def points(layers, ladder=(), batch=64):
    """What the roofline shows: every layer that multiplies, and the ladder of one of them."""
    found = []
    for row in layers:
        if row["gflops"] and row["bytes"] > 1e6:    # smaller ones are over before they are fast
            word = row["layer"].split()[0]
            kind = {"Conv": f"convolution {row['name']}", "Dense": "dense"}.get(word, "batch norm")
            found.append(dict(label=row["output"] if word == "Conv" else "", kind=kind,
                              intensity=row["operations"] / row["bytes"], gflops=row["gflops"]))
    layer = next(row for row in layers if row["name"] == "forward" and row["gflops"]
                 and row["output"] == f"{SIZE - 2}x{SIZE - 2}x{CHANNELS}")
    found += [dict(label=row["key"], kind="earlier versions",
                   gflops=2 * multiply_adds(SIZE, CHANNELS, batch) / row["forward_ms"] / 1e6,
                   intensity=layer["operations"] / layer["bytes"])
              for row in ladder if row["key"] not in ("chosen", "no pool")]
    return found


if __name__ == "__main__":
    sys.exit(main())
