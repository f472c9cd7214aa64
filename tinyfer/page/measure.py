"""How long an answer takes, and whether memory grows: the numbers of docs/play.md.

The page's program runs as a process of its own; this one asks it as the page would, with faces,
sliders, maps and steps in turn, and reads its memory from the system.
"""

import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from tinyfer.data.drawn import draw_face
from tinyfer.data.faces import EMOTIONS
from tinyfer.page.message import pack
from tinyfer.page.networks import FIRST

NETWORK = dict(network=FIRST)
LAYERS = NETWORK | dict(training=False, mask=0)
WEIGHT = NETWORK | dict(parameter="conv3.w", label="happy")
ROUND = 20      # questions
TIMES = 20      # lines of memory


def round_of_questions(n):
    """What is asked in the n-th round: (name, fields, bytes), as somebody plays."""
    face = draw_face(EMOTIONS[n % 7], seed=n)
    for k in range(7):
        yield "draw", dict(expression=EMOTIONS[n % 7], person=n % 1000,
                           measures=dict(open=(k / 7) ** 2 / 2)), b""
        yield "answer", NETWORK, face
    yield "cut", dict(width=240, height=240), np.full((240, 240, 4), n % 256, np.uint8)
    yield "map", NETWORK | dict(method="gradient", target="happy"), face
    yield "strips", LAYERS, face
    yield "unit", LAYERS | dict(layer=n % 19, i=0, j=0, k=0, target="happy"), face
    yield "nudge", WEIGHT | dict(index=n, trained=True, curve=False), face
    yield "step", NETWORK | dict(label="happy", rate=1e-5, steps=1, reset=n % 10 == 0,
                                 tab=0), face


def measure(requests, say=print):
    """Ask so many questions, in whole rounds, and say what they took."""
    with subprocess.Popen([sys.executable, "-m", "tinyfer", "play", "--no-browser", "--port", "0"],
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            address = next(line.split()[-1] for line in process.stdout if "http://" in line)
            _ask_all(address, process.pid, requests, say)
        finally:
            process.terminate()


def _ask_all(address, pid, requests, say):
    ask = _Asker(address)
    for warm in range(3):
        for question in round_of_questions(warm):
            ask(*question)
    seconds, busy, moves, asked = {}, {}, [], 0
    for n in range(-(-requests // ROUND)):
        for name, fields, body in round_of_questions(n):
            before = _processor_seconds(pid)
            seconds.setdefault(name, []).append(ask(name, fields, body))
            busy.setdefault(name, []).append(_processor_seconds(pid) - before)
            if name == "answer":
                moves.append(seconds["draw"][-1] + seconds["answer"][-1])
            asked += 1
            if asked % max(1, requests // TIMES) == 0:
                say(f"{asked:7,} requests, memory {_memory(pid)}", flush=True)
    busy["a slider: draw, then answer"] = [sum(pair) for pair in zip(busy["draw"], busy["answer"])]
    say(f"\n{asked:,} requests, milliseconds until the answer is there; processor: the mean that\n"
        "it needs of one core, which does not depend on what else runs\n\n"
        f"{'question':28} {'median':>9} {'95 of 100':>11} {'processor':>11}")
    for name, found in {"a slider: draw, then answer": moves, **seconds}.items():
        low, high = statistics.median(found), statistics.quantiles(found, n=20)[-1]
        say(f"{name:28} {1000 * low:9.1f} {1000 * high:11.1f} "
            f"{1000 * statistics.mean(busy[name]):11.1f}")


class _Asker:
    """Asks; returns the seconds until the answer is there."""

    def __init__(self, address):
        parts = urlsplit(address)
        self.origin, self.path = f"http://{parts.netloc}", parts.path
        self.connection = http.client.HTTPConnection(parts.netloc, timeout=120)

    def __call__(self, name, fields, body):
        message = pack(fields, np.frombuffer(body, np.uint8))
        start = time.perf_counter()
        self.connection.request("POST", self.path + name, message, {"Origin": self.origin})
        reply = self.connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise ValueError(f"{name}: {json.loads(content)['error']}")
        return time.perf_counter() - start


def _processor_seconds(pid):
    """What a process has used of the processor, as Linux tells it; NaN elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return math.nan


def _memory(pid):
    """The memory a process holds, as Linux tells it."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return f"{int(line.split()[1]) / 1024:.0f} MiB"
    except OSError:
        pass
    return "not known on this system"
