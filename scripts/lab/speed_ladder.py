"""Time every version of the convolution, from seven plain loops to today's, and draw the climb.

    python scripts/lab/speed_ladder.py

One layer of the network (20 x 20 pixels of 128 channels, to 18 x 18 of 128) forward and backward,
and a whole training step in which all convolutions are of that version. The versions take turns,
each in a process of its own. The slowest are timed on fewer images, or fewer pixels, and their
times multiplied up: those are marked with ~. docs/speed.md tells the story of each.
"""

import json
import statistics
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path

from bench import layers, machine, text
from bench.ladder import CHANNELS, RUNGS, SIZE, multiply_adds
from bench.turns import Worker, take_turns, workers

from tinyfer.commands import cli, pages
from tinyfer.commands.cli import at_least
from tinyfer.training.runs import describe_threads, write_json

NAME = f"{SIZE}x{SIZE}x{CHANNELS} to {SIZE - 2}x{SIZE - 2}x{CHANNELS}"
NETWORK, LAYER = 143.0e6, multiply_adds(SIZE, CHANNELS, 1)      # multiply-adds an image, forward


def parse(argv):
    parser = cli.parser(__doc__, formatter_class=RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--rounds", type=at_least(1), default=7, metavar="N", help="turns of each version (7)")
    add("--batch-size", type=at_least(2), default=64, metavar="N", help="images (default 64)")
    add("--threads", type=at_least(1), default=machine.cores(), metavar="N",
        help="threads (default: one per core)")
    add("--rungs", type=cli.one_of(RUNGS, "version"), default=tuple(RUNGS), metavar="A,B,...",
        help="versions, of: " + ", ".join(RUNGS) + " (default all)")
    add("--no-step", action="store_true", help="the one layer only, no whole training steps")
    add("--figures", metavar="FOLDER", help="draw speed_ladder.png and roofline.png in this folder")
    add("--json", metavar="FILE", help="write every number to this file")
    add("--redraw", metavar="FILE", help="measure nothing: table and pictures of an earlier --json")
    add("--fill", metavar="FILE", help="put the table into its place in this document")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv)


def run(options):
    if options.fill:
        pages.blocks_of(options.fill)       # fail now rather than after minutes
    results = read(options) if options.redraw else measure_all(options)
    content = ladder_table(results["ladder"], results["run"])
    print(content)
    if options.figures:
        from bench import pictures

        folder, batch = Path(options.figures), results["run"]["batch"]
        pictures.ladder(results["ladder"], folder / "speed_ladder.png", batch, NAME)
        pictures.roofline(points(results), results["limits"], folder / "roofline.png")
        print(f"\nspeed_ladder.png and roofline.png are in {folder}")
    if options.json:
        write_json(options.json, results)
    if options.fill:
        text.fill(options.fill, {"ladder": content})


def measure_all(options):
    results = {"machine": machine.describe(options.threads), "ladder": measure(options),
               "run": dict(batch=options.batch_size, threads=options.threads,
                           rounds=options.rounds)}
    if options.figures:
        results["limits"] = machine.limits(options.threads)
        results["layers"] = layers.measure(options.batch_size, options.threads, options.rounds)
    return results


def read(options):
    """The results of an earlier run, with all that is going to be shown."""
    results = json.loads(Path(options.redraw).read_text(encoding="utf-8"))
    wanted = ["ladder", "run"] + ["limits", "layers"] * bool(options.figures)
    if not all(name in results for name in wanted):
        raise ValueError(f"{options.redraw} is not the --json of a run with the same options: "
                         f"expected {', '.join(wanted)}")
    return results


def measure(options):
    """[dict(key, title, scaled, error, forward_ms, backward_ms, step_ms)], one for each rung."""
    with workers() as started:
        rows, turns = {}, {}
        for key in options.rungs:
            rung = RUNGS[key]
            worker = started[key] = Worker(rung.title, options.threads, "bench.ladder.Ladder", key,
                                           options.batch_size)
            rows[key] = dict(key=key, title=rung.title, error=worker.call("error"),
                             scaled=bool(rung.images), step_ms=None)
            turns[key, "forward"] = turn(worker, "forward")
            turns[key, "backward"] = turn(worker, "backward")
            if rung.step is not None and not options.no_step:
                worker.call("prepare_step", options.batch_size)
                turns[key, "step"] = turn(worker, "step")
        seconds = take_turns(turns, options.rounds)
        for (key, what), values in seconds.items():
            layer_scale, step_scale = started[key].call("scales")
            scale = step_scale if what == "step" else layer_scale
            rows[key][f"{what}_ms"] = 1e3 * scale * statistics.median(values)
    for row in rows.values():
        if RUNGS[row["key"]].step is None and not options.no_step:
            row["step_ms"] = NETWORK / LAYER * (row["forward_ms"] + row["backward_ms"])
    return list(rows.values())


def turn(worker, method):
    return lambda: worker.seconds(method)


def layer_gflops(row, batch):
    """Operations of forward and backward, convolved directly, over the time of both."""
    operations = 2 * 3 * multiply_adds(SIZE, CHANNELS, batch)
    return operations / (row["forward_ms"] + row["backward_ms"]) / 1e6


def ladder_table(rows, run):
    lines, before = [], None
    for row in rows:
        layer, mark = row["forward_ms"] + row["backward_ms"], "~" if row["scaled"] else ""
        lines.append([row["title"], f"{mark}{row['forward_ms']:,.1f}",
                      f"{mark}{row['backward_ms']:,.1f}",
                      f"{layer_gflops(row, run['batch']):,.3g}",
                      f"{before / layer:.1f}" if before else None,
                      f"{mark}{row['step_ms']:,.0f}" if row["step_ms"] else None,
                      f"{row['error']:.0e}"])
        before = layer
    title = (f"{run['batch']} images, {describe_threads(run['threads'])}, medians of "
             f"{run['rounds']} turns; one layer is {NAME}; ~ calculated from less work")
    return text.table(["version", "forward ms", "backward ms", "GFLOP/s", "x faster",
                       "whole step ms", "relative error"], lines, title)


def points(results):
    """What the roofline shows: every layer that multiplies, and the ladder of one of them."""
    found, batch = [], results["run"]["batch"]
    for row in results["layers"]:
        if row["gflops"] and row["bytes"] > 1e6:    # smaller ones are over before they are fast
            word = row["layer"].split()[0]
            kind = {"Conv": f"convolution {row['name']}", "Dense": "dense"}.get(word, "batch norm")
            found.append(dict(label=row["output"] if word == "Conv" else "", kind=kind,
                              intensity=row["operations"] / row["bytes"], gflops=row["gflops"]))
    layer = next((row for row in results["layers"] if row["name"] == "forward"
                  and row["output"] == f"{SIZE - 2}x{SIZE - 2}x{CHANNELS}"
                  and row["gflops"]), None)
    for row in results["ladder"] if layer else []:
        if row["key"] not in ("chosen", "no pool"):
            gflops = 2 * multiply_adds(SIZE, CHANNELS, batch) / row["forward_ms"] / 1e6
            found.append(dict(label=row["key"], kind="earlier versions", gflops=gflops,
                              intensity=layer["operations"] / layer["bytes"]))
    return found


if __name__ == "__main__":
    sys.exit(main())
