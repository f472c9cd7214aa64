"""The contest: training step and inference of all contenders, in turn."""

import statistics

from bench import contenders, task, text
from bench.contenders import CONTENDERS
from bench.turns import compare, note, progress, take_turns, training_turn, workers
from tinyfer.training.runs import describe_threads

# Fewer images at a time stay in a cache, more of them share what is done once a batch: which is the
# faster differs from one contender to the next. Each is measured in so many turns.
INFERENCE_BATCHES = (16, 32, 64, 128, 256)
BATCH_TURNS = 3
# How many times as fast as the fastest of each precision tinyfer has to be, on a machine at rest.
WANTED = {"training": {"float32": 2.4, "bfloat16": 1.0},
          "inference": {"float32": 3.2, "bfloat16": 0.8}}
ONNX_WANTED = 1.0
MOST_MEMORY = 478 << 20     # of the process that trains, in bytes


def measure(kind, options):
    """{key: dict of what was measured, or of what is missing} for "training" or "inference"."""
    result, arrays = {}, task.weights()
    n = options.batch_size if kind == "training" else options.images
    with workers() as started:
        turns, expected = {}, None
        for contender in (c for c in options.chosen if kind in c.tasks):
            result[contender.key] = entry = {"title": contender.title,
                                             "precision": contender.precision}
            absent = contenders.missing(contender)
            if absent:
                entry["missing"] = absent
                continue
            note(f"{kind}: starting {contender.title}")
            worker = started[contender.key] = contenders.start(contender, options.threads, arrays)
            found = contenders.evidence(worker, kind)
            expected = expected or found    # tinyfer comes first
            entry["errors"] = contenders.validate(contender, found, expected)
            worker.call("load", *task.faces(n))
            if kind == "training":
                turns[contender.key] = training_turn(worker)
            else:
                entry["batch"] = fastest_batch(worker, n)
                turns[contender.key] = inference_turn(worker, entry["batch"])
        seconds = take_turns(turns, options.rounds, show=progress(kind, options.rounds))
        for key, numbers in compare(seconds, "tinyfer").items():
            result[key] |= numbers | {"images_per_s": n / numbers["median"],
                                      "peak_memory": started[key].peak_memory()}
    return result


def compile_kernels(options):
    """Fill numba's cache in a process of its own: compiling takes memory, which is not counted."""
    with workers() as started:
        note("compiling tinyfer's kernels, where that is not done yet")
        worker = contenders.start(CONTENDERS["tinyfer"], options.threads, task.weights())
        started["tinyfer"] = worker
        worker.call("load", *task.faces(options.batch_size))
        worker.call("step")


def inference_turn(worker, batch):
    return lambda: worker.seconds("predict", batch)


def fastest_batch(worker, images):
    """The batch of the least median, the candidates taken in turn."""
    candidates = sorted({min(size, images) for size in INFERENCE_BATCHES})
    turns = {size: inference_turn(worker, size) for size in candidates}
    seconds = take_turns(turns, BATCH_TURNS)
    return min(candidates, key=lambda size: statistics.median(seconds[size]))


def table(kind, result, options):
    what = (f"Training step, batch of {options.batch_size}" if kind == "training"
            else f"Inference, {options.images} images")
    headings = ["contender", "median ms", "least ms", "images/s", "x tinyfer", "quartiles",
                "of medians", "peak MiB"] + ["batch"] * (kind == "inference")
    rows, footnote = [], ""
    for entry in result.values():
        if "missing" in entry:
            rows.append([f"{entry['title']}: not installed"] + [None] * (len(headings) - 1))
            continue
        title = entry["title"]
        if entry["precision"] != "float32":
            title += f", {entry['precision']} *"
            footnote = "\n* lower precision than float32: not the same arithmetic"
        low, high = entry["quartiles"]
        rows.append([title, f"{1e3 * entry['median']:.1f}", f"{1e3 * entry['least']:.1f}",
                     f"{entry['images_per_s']:.0f}", f"{entry['ratio']:.2f}",
                     f"{low:.2f} to {high:.2f}", f"{entry['ratio_of_medians']:.2f}",
                     f"{entry['peak_memory'] / 2**20:.0f}"]
                    + ([entry["batch"]] if kind == "inference" else []))
    return text.table(headings, rows, f"{what}, {describe_threads(options.threads)}, "
                      f"{options.rounds} rounds in turn") + footnote


def check(results):
    """[(passed, sentence)] for each claim, from the results of the contests."""
    verdicts = []
    for kind, wanted in WANTED.items():
        for precision, factor in wanted.items():
            rivals = [entry for key, entry in results[kind].items()
                      if "torch" in CONTENDERS[key].packages and "ratio" in entry
                      and CONTENDERS[key].precision == precision]
            if rivals:
                fastest = min(rivals, key=lambda entry: entry["median"])
                verdicts.append((fastest["ratio"] >= factor,
                                 f"{kind}: {fastest['ratio']:.2f} times as fast as "
                                 f"{fastest['title']}, {precision}; at least {factor:.1f} wanted"))
    onnx = results["inference"].get("onnxruntime", {})
    if "ratio" in onnx:
        verdicts.append((onnx["ratio"] > ONNX_WANTED,
                         f"inference: {onnx['ratio']:.2f} times as fast as {onnx['title']}; "
                         f"more than {ONNX_WANTED:.1f} wanted"))
    peak = results["training"]["tinyfer"]["peak_memory"]
    verdicts.append((peak <= MOST_MEMORY, f"training: at most {peak / 2**20:.0f} MiB held; "
                                          f"{MOST_MEMORY >> 20} allowed"))
    return verdicts
