"""A training step of tinyfer taken apart: seconds of every layer and pass."""

import statistics
import time

import tinyfer
from bench import task, text
from bench.cost import cost
from bench.turns import Worker, workers
from bench.with_tinyfer import Tinyfer
from tinyfer.core.layers import Flatten
from tinyfer.training.runs import describe_threads


class Layers(Tinyfer):
    """In the worker's process: a model whose layers are timed within whole training steps."""

    def __init__(self, batch):
        super().__init__()
        self.load(*task.faces(batch))

    def step(self):
        """Seconds of one training step: (forward of each layer, loss, backward of each, Adam)."""
        clock = time.perf_counter
        x, forward, backward = self.x, [], []
        for layer in self.model.layers:
            start = clock()
            x = layer.forward(x, training=True)
            forward.append(clock() - start)
        start = clock()
        _, d = tinyfer.softmax_cross_entropy(x, self.labels, self.class_weights)
        loss = clock() - start
        for layer in reversed(self.model.layers):
            start = clock()
            d = layer.backward(d)
            backward.append(clock() - start)
        start = clock()
        self.optimizer.step()
        return forward, loss, backward[::-1], clock() - start


def measure(options):
    """Rows of dicts: name, output, pass, ms, gflops and gb_per_s where they apply, share of all."""
    with workers() as started:
        worker = started["layers"] = Worker("tinyfer", options.threads, "bench.layers.Layers",
                                            options.batch_size)
        worker.call("step")
        runs = [worker.call("step") for _ in range(options.rounds)]
    forward = [statistics.median(times) for times in zip(*(run[0] for run in runs))]
    backward = [statistics.median(times) for times in zip(*(run[2] for run in runs))]
    model = tinyfer.six_layer_cnn(classes=task.CLASSES)
    rows, shape = [], model.input_shape
    for number, layer in enumerate(model.layers):
        costs = cost(layer, shape, options.batch_size)
        shape = layer.output_shape(shape)
        for name, seconds, (operations, moved) in zip(
                ("forward", "backward"), (forward[number], backward[number]), costs):
            if not isinstance(layer, Flatten):
                rows.append(_row(str(layer), shape, name, seconds, operations, moved))
    rows.append(_row("loss", (), "both", statistics.median(run[1] for run in runs), 0, 0))
    rows.append(_row("Adam", (), "step", statistics.median(run[3] for run in runs), 0,
                     7 * 4 * model.num_parameters(trainable=True)))
    total = sum(row["ms"] for row in rows)
    for row in rows:
        row["share"] = row["ms"] / total
    return rows


def _row(layer, shape, name, seconds, operations, moved):
    return dict(layer=layer, output="x".join(map(str, shape)), name=name, ms=1e3 * seconds,
                operations=operations, bytes=moved,
                gflops=operations / seconds / 1e9 if operations else None,
                gb_per_s=moved / seconds / 1e9 if moved else None)


def table(rows, options):
    def number(value, digits):
        return None if value is None else f"{value:.{digits}f}"

    step = sum(row["ms"] for row in rows)
    operations = sum(row["operations"] for row in rows)
    lines = [[row["layer"], row["output"], row["name"], f"{row['ms']:.2f}",
              number(row["gflops"], 0), number(row["gb_per_s"], 1), f"{100 * row['share']:.1f}"]
             for row in rows]
    lines.append(["whole step", None, None, f"{step:.1f}", f"{operations / step / 1e6:.0f}", None,
                  "100.0"])
    return text.table(["layer", "output", "pass", "ms", "GFLOP/s", "GB/s", "%"], lines,
                      f"A training step of {options.batch_size}, "
                      f"{describe_threads(options.threads)}, "
                      f"medians of {options.rounds} steps; GFLOP/s as if convolved directly")
