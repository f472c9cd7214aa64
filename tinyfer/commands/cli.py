"""What the command lines of all scripts share: errors are one sentence, and exit code 2."""

import argparse
import csv
import errno
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, Popen

from tinyfer.core.checks import Notice
from tinyfer.core.inference import CROPS
from tinyfer.core.kernels.compiling import compiled
from tinyfer.data import find_data, load_fer2013
from tinyfer.data.faces import SIZE
from tinyfer.data.load import WHERE
from tinyfer.photo.reading import BEST_CROPS, DEFAULT

LONGEST = 199       # characters of a message


def parser(description, **settings):
    """An ArgumentParser with these settings that reports errors in one line."""
    made = argparse.ArgumentParser(description=description, **settings)
    made.error = lambda message: sys.exit(fail(f"{message} (--help lists the options)"))
    return made


def add_reading(parser):
    """The options of the commands that read the faces of pictures."""
    add = parser.add_argument
    add("--model", default=DEFAULT, metavar="RUN_OR_FILE", help="a run folder (its best.npz is "
        f"taken), a model file, or packaged weights by name (default {DEFAULT})")
    add("--smallest", type=at_least(8), metavar="PIXELS", help="the smallest face to look "
        "for (default 24, or a 60th of a large picture's longer side)")
    add("--threshold", type=probability, default=0.5, metavar="P",
        help="the least score of a face, above 0 and below 1 (default 0.5)")
    add("--crops", type=int, choices=tuple(CROPS), default=BEST_CROPS, help="windows and mirror "
        f"images of each face that are averaged (default {BEST_CROPS}; evaluate takes 1)")


def add_place(parser):
    """The options that say where the face is: --box or --whole."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--box", type=box, metavar="x,y,w,h", help="the face's place in pixels of "
                       "the upright picture, from its top left corner; used for every IMAGE")
    place.add_argument("--whole", action="store_true",
                       help="the largest centred square of every IMAGE is the face")


def box(text):
    with suppress(ValueError):
        x, y, w, h = map(int, text.split(","))
        return x, y, w, h
    raise argparse.ArgumentTypeError(f"expected four whole numbers x,y,w,h, got {text!r}")


def probability(text):
    with suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number above 0 and below 1, got {text!r}")


def add_threads(parser):
    parser.add_argument("--threads", **THREADS)


def add_output(parser, default):
    """The options --out and --force: what is there already is replaced only if one says so."""
    parser.add_argument("--out", metavar="FOLDER", help=f"where the files go (default {default})")
    parser.add_argument("--force", action="store_true", help="replace what is there already")


def check_output(path, force, option="--out"):
    """To be asked before the work: ValueError where a file or a filled folder is there already and
    not to be replaced, OSError where nothing can be written there. Nothing is made."""
    path = Path(path)
    if not force and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise ValueError(f"{path} is there already: choose another {option}, or give --force to "
                         "replace it")
    check_writable(path if path.is_dir() else path.parent)


@contextmanager
def naming(path):
    """What cannot be written within, as on a full disk, is an OSError with the file's name."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


class Table:
    """A csv file, or standard output, in which each row is as soon as it is written."""

    def __init__(self, path=None):
        self.path, self.file = path, sys.stdout
        if path:
            self.file = open(path, "w", newline="", encoding="utf-8", errors="surrogateescape")
        self.writer = csv.writer(self.file, lineterminator="\n")

    def row(self, values):
        with naming(self.path or "standard output"):
            self.writer.writerow(values)
            self.file.flush()

    def close(self):
        if self.path:
            with suppress(OSError):         # row() has said it
                self.file.close()


def at_least(least, most=10**18):
    """A type of option: a whole number, `least` or more."""
    def whole_number(given):
        if not given.isdecimal() or len(given) > 18 or not least <= int(given) <= most:
            upto = f" to {most}" * (most < 10**18)
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}{upto}, got "
                                             f"{given!r}")
        return int(given)

    return whole_number


def option_of(each):
    """What the option for a field is called."""
    return each.metadata.get("option", each.name.replace("_", "-"))


THREADS = dict(type=at_least(1), metavar="N", help="threads; changes the speed, not the result "
               "(default: one per core)")


def add_setting(parser, each, default=None):
    """An option for a field of `tinyfer.training.fields`, with its range and its help."""
    about = each.metadata
    name, words = option_of(each), about["help"]
    help = (f"{words} (default {default})" if default is not None else words).replace("%", "%%")
    if about["allowed"].parse is None:
        return parser.add_argument(f"--{name}", dest=each.name, action="store_true", help=help)

    def value(given):
        with suppress(ValueError):
            if about["allowed"].fits(meant := about["allowed"].parse(given)):
                return meant
        raise argparse.ArgumentTypeError(f"expected {about['allowed'].words}, got {given!r}")

    choices = "{%s}" % ",".join(map(str, about["allowed"].choices))
    return parser.add_argument(f"--{name}", dest=each.name, type=value, help=help,
                               metavar=about.get("metavar", choices))


def check_writable(folder):
    """OSError where files cannot be written into a folder, which may not be there yet."""
    place = Path(folder).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise OSError(f"{folder} cannot be written: {place} is no folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OSError(f"{folder} cannot be written: no permission to write into {place}")


def fer2013(path, seed=0):
    """FER-2013 from `path`, TINYFER_DATA or ./data; FileNotFoundError where it is in none."""
    place = find_data(path)
    if place is None:
        raise FileNotFoundError(f"FER-2013 is not here: give --data; it can be had from {WHERE}")
    return load_fer2013(place, seed=seed)


def main(run, parse, argv, stopped="stopped"):
    """The exit code of run(parse(argv)), 0 for None; errors are one sentence and code 2."""
    for name, mode in dict(stdin="r", stdout="w", stderr="w").items():
        if getattr(sys, name) is None:              # closed by the caller, as by >&-
            setattr(sys, name, open(os.devnull, mode))
    if hasattr(sys.stdout, "reconfigure"):          # a file name may hold what it cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with notes():
            code = run(parse(argv))
        sys.stdout.flush()
        return code or 0
    except KeyboardInterrupt as interrupt:
        print(f"\n{printable(interrupt.args[0] if interrupt.args else stopped)}", file=sys.stderr)
        return 130
    except BrokenPipeError:         # `| head` has read enough: nothing more is to be written
        return ended(1)
    except (ValueError, OSError) as error:
        return ended(fail(error))
    except MemoryError:
        return fail("there is not enough memory for this")


def ended(code):
    """The code; what could not be written is not tried once more when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


@contextmanager
def notes(name=""):
    """What the package warns of within is said as notes, beginning with the name of a picture."""
    show = warnings.showwarning

    def say(message, category, *where, **more):
        if issubclass(category, Notice):
            note(message, name)
        else:
            show(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("default", Notice)
        warnings.showwarning = say
        yield


def note(message, name=""):
    """Say a sentence beside the output, with the name of a picture if it does not hold it."""
    text = str(message) if name in str(message) else f"{name}: {message}"
    print(f"note: {one_line(text)}", file=sys.stderr)


def fail(error):
    """Print an error as one sentence, and return the exit code."""
    print(f"error: {one_line(sentence(error))}", file=sys.stderr)
    return 2


def sentence(error):
    """What an exception or a message says, without the number of an OSError."""
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None and error.errno == errno.ENOSPC:      # all other files are named
            return f"standard output: {error.strerror}"
        if error.filename is not None:
            return f"{error.filename}: {error.strerror}"
    return str(error)


def one_line(message):
    """The message in one line of printable characters, cut in its middle where it is too long."""
    message = printable(" ".join(message.split()))
    if len(message) <= LONGEST:
        return message
    return f"{message[:LONGEST * 2 // 3]} ... {message[-LONGEST // 3 + 7:]}"


def printable(text):
    """A name without what a terminal would act on: control characters are written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in str(text))


def note_first_start():
    """Where kernels have to be compiled before a network can answer: a note, and a second process
    that compiles the network's while this one is at the finder's. Who comes second to a kernel
    finds it in the cache."""
    if not compiled("forward"):
        note("the first start compiles the kernels, once: this takes up to a minute")
        answer = (f"from numpy import zeros; from tinyfer import load_model; "
                  f"load_model({DEFAULT!r}).predict_proba(zeros((1, {SIZE}, {SIZE})))")
        with suppress(OSError):     # where no process can be started there is one that compiles
            Popen([sys.executable, "-c", answer], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)


def warn_of_drawn_faces(run):
    """A note where a network is about to read photographs and has learnt from drawn faces."""
    if run.drawn:
        note(f"{run.name} was trained on drawn faces: what it says of photographs is worth nothing")
