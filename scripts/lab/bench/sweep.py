"""Training at other batch sizes, on one thread and on all."""

from bench import contenders, task, text
from bench.contenders import CONTENDERS
from bench.turns import compare, note, progress, take_turns, training_turn, workers
from tinyfer.training.runs import describe_threads

SIZES = (2, 4, 16, 64, 256)
TAKE_PART = ("tinyfer", "torch-last")


def measure(options):
    """[dict(contender, threads, batch, images_per_s)]: training steps, all of them in turn."""
    chosen = [c for c in options.chosen if c.key in TAKE_PART and not contenders.missing(c)]
    rows, arrays = [], task.weights()
    with workers() as started:
        for contender in chosen:
            for threads in sorted({1, options.threads}):
                note(f"sweep: starting {contender.title}")
                started[contender, threads] = contenders.start(contender, threads, arrays)
        for batch in SIZES:
            for worker in started.values():
                worker.call("load", *task.faces(batch))
            turns = {key: training_turn(worker) for key, worker in started.items()}
            rounds = max(1, options.rounds // 3)
            seconds = take_turns(turns, rounds, show=progress(f"batch of {batch}", rounds))
            numbers = compare(seconds, (chosen[0], 1))
            rows += [dict(contender=c.key, threads=threads, batch=batch,
                          images_per_s=batch / numbers[c, threads]["median"])
                     for c, threads in turns]
    return rows


def table(rows, options):
    found = {(row["contender"], row["threads"], row["batch"]): row["images_per_s"] for row in rows}
    keys = list(dict.fromkeys(row["contender"] for row in rows))
    headings, lines = ["batch"], [[batch] for batch in SIZES]
    for key in keys:
        name = CONTENDERS[key].title.partition(",")[0]
        headings += [f"{name} 1 thread", describe_threads(options.threads), "speed-up"]
        for line in lines:
            one, all_ = found[key, 1, line[0]], found[key, options.threads, line[0]]
            line += [f"{one:.0f}", f"{all_:.0f}", f"{all_ / one:.2f}"]
    return text.table(headings, lines, "Training, images/s by batch size and threads")
