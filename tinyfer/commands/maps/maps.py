"""What all parts of scripts/saliency.py share: maps with a progress line, and files."""

import numpy as np

from tinyfer.commands.progress import Line
from tinyfer.explain.saliency import METHODS, saliency
from tinyfer.storage.arrays import atomic_write


def all_maps(given, model, faces, target, options, overlay=False):
    """{method: maps} of the methods asked for, with a progress line. In an overlay, shares of F
    keep their signs, by red and blue."""
    maps = {}
    for method in given.method:
        line, signed = Line(), given.signed or (overlay and METHODS[method].shares_of_f)
        maps[method] = saliency(
            model, faces, target, method, given.of, signed, given.batch_size,
            lambda done, total: line(done, total, f"{method}, inputs"), **options[method])
        line.done(f"{method}: {len(faces):,} maps")
    return maps


def plain(method):
    """A method's name as part of a file's name."""
    return method.replace("*", "-")


def save(path, **arrays):
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)
