"""What a bug report needs: versions, processor, threads, data; and whether a face is read.

    tinyfer doctor
"""

import time
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.core.kernels.compiling import cache_folder, compiled
from tinyfer.core.kernels.simd import VECTOR_BYTES
from tinyfer.core.kernels.threads import layer, set_threads
from tinyfer.core.networks import load_model, packaged
from tinyfer.data import draw_faces, find_data, load_fer2013
from tinyfer.training.runs import describe_machine


def parse(argv):
    parser = cli.parser("Print what a report of a fault needs: versions, processor, threads, "
                        "caches, the data found; and read drawn faces, which compiles the kernels "
                        "where that has not been done: some seconds, or a minute.")
    cli.add_threads(parser)
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(doctor, parse, argv)


def doctor(given):
    machine = describe_machine()
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    threads = set_threads(given.threads)
    say("versions", f"{versions}, Python {machine['python']}")
    say("system", machine["system"])
    say("processor", f"{machine['cpu']}, {machine['cores']} cores, vectors of {VECTOR_BYTES} bytes")
    say("kernels", f"{'compiled' if compiled() else 'not compiled yet'}, in {cache_folder()}")
    say("weights", ", ".join(packaged()) or "none are packaged")
    say("data", data_found())
    started = time.perf_counter()
    load_model(packaged()[0]).predict(draw_faces(7, seed=0).faces)
    took = time.perf_counter() - started
    say("threads", f"{threads}, by {layer()}")
    say("check", f"{packaged()[0]} read 7 drawn faces in {took:.1f} s")


def say(what, words):
    print(f"{what:10}{cli.printable(words)}", flush=True)


def data_found():
    """Where FER-2013 or pictures are found without --data, and how many."""
    try:
        place = find_data()
        if place is None:
            return "none: neither TINYFER_DATA nor ./data leads to any"
        return f"{load_fer2013(place)!r} in {Path(place).resolve()}"
    except (ValueError, OSError) as error:
        return f"error: {error}"
