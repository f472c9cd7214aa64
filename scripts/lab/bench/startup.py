"""Seconds until tinyfer is ready: import, and the first step with and without compiled kernels."""

import os
import subprocess
import sys
import tempfile
import time

from bench import text
from tinyfer.training.runs import describe_threads

IMPORT = "import time; t = time.perf_counter(); import tinyfer; print(time.perf_counter() - t)"
FIRST_STEP = """
import numpy as np, tinyfer
model = tinyfer.six_layer_cnn()
optimizer = tinyfer.Adam(model.parameters())
logits = model.forward(np.zeros(({batch}, 48, 48, 1), np.float32), training=True)
loss, dlogits = tinyfer.softmax_cross_entropy(logits, np.zeros({batch}, int))
model.backward(dlogits)
optimizer.step()
print(loss)
"""
WANTED = {"import tinyfer": 1, "first step ever, kernels compiled on the way": 40,
          "first step later, kernels from numba's cache": 3}


def measure(options, repeats=3):
    """{what: seconds}: the import within a process, the steps from the start of one to its end."""
    imports, warm, step = [], [], FIRST_STEP.format(batch=options.batch_size)
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache, "XDG_CACHE_HOME": cache,
                                    "NUMBA_NUM_THREADS": str(options.threads)}
        cold, _ = _run(step, environment)
        for _ in range(repeats):
            imports.append(float(_run(IMPORT, environment)[1]))
            warm.append(_run(step, environment)[0])
    return dict(zip(WANTED, (sorted(imports)[repeats // 2], cold, sorted(warm)[repeats // 2])))


def _run(code, environment):
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], env=environment, text=True,
                            capture_output=True)
    seconds = time.perf_counter() - start
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"a fresh Python could not run tinyfer: {last}")
    return seconds, result.stdout


def table(seconds, options):
    rows = [[what, f"{value:.2f}", WANTED[what]] for what, value in seconds.items()]
    return text.table(["", "seconds", "at most"], rows,
                      f"Start-up, batch of {options.batch_size}, "
                      f"{describe_threads(options.threads)}")
