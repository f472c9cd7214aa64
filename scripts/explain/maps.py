"""What all parts of scripts/saliency.py share: maps with a progress line, and files."""

import sys
import time

import numpy as np
from progress import duration

from tinyfer.files import atomic_write
from tinyfer.saliency import saliency


class Line:
    """What is being done, and how far: one line on a terminal, one in ten seconds elsewhere."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.printed = self.started = time.perf_counter()

    def __call__(self, done, total, what):
        now = time.perf_counter()
        if now - self.printed >= (0.1 if self.live else 10):
            self.printed = now
            text = f"{what}: {done:,} of {total:,}, {duration(now - self.started)}"
            print(f"\r{text:<78}" if self.live else text, end="" if self.live else "\n", flush=True)

    def done(self, text):
        text = f"{text} in {duration(time.perf_counter() - self.started)}"
        print(f"\r{text:<78}" if self.live else text, flush=True)


def all_maps(given, model, faces, options, signed):
    """{method: maps} of the methods asked for, with a progress line."""
    maps = {}
    for method in given.method:
        line = Line()
        maps[method] = saliency(
            model, faces, given.target, method, given.of, signed, given.batch_size,
            lambda done, total: line(done, total, f"{method}, inputs"), **options[method])
        line.done(f"{method}: {len(faces):,} maps")
    return maps


def plain(method):
    """A method's name as part of a file's name."""
    return method.replace("*", "-")


def save(path, **arrays):
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)
