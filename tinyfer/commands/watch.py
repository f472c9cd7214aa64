"""Follow the faces of a film, and say frame by frame what expression each of them shows.

    python scripts/watch.py clip.gif --csv faces.csv --chart faces.png
    python scripts/watch.py frames/ --fps 10 --gif marked.gif
    ffmpeg -i film.mp4 -f image2pipe -c:v ppm - | python scripts/watch.py - --csv faces.csv
"""

import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
from PIL import GifImagePlugin

from tinyfer.commands import cli
from tinyfer.commands.predict import fields
from tinyfer.commands.progress import duration
from tinyfer.core.kernels.threads import set_threads
from tinyfer.photo.reading import Readings
from tinyfer.photo.watching import EVERY, FRAMES_A_SECOND, ppm_frames, watch
from tinyfer.training.runs import open_run

POINTS = 600            # of a face's course: where there are more, two become one
PANELS = 8              # the faces that are drawn: those seen longest
GIF_SIDE = 480          # pixels of the longer side of the annotated copy


def parse(argv):
    parser = cli.parser(
        description="A row for each face and frame as they come, with a number that a face keeps "
        "as long as it is followed. Reads an animated GIF, WebP or PNG, a TIFF of several pages, a "
        "folder of pictures in the order of their names, and, for any film or camera, the frames "
        "that ffmpeg writes into a pipe. A frame that cannot be read is reported and skipped, and "
        "the exit code is 1. Ctrl-C ends it, and what was done is there.",
        epilog="ffmpeg -i film.mp4 -f image2pipe -c:v ppm - | tinyfer watch -")
    add = parser.add_argument
    add("film", metavar="FILM", help="a file, a folder, or - for PPM pictures from standard input")
    add("--csv", type=Path, metavar="FILE", help="write the rows to a csv file instead of printing")
    add("--chart", type=Path, metavar="PNG", help="draw the probabilities over time, a panel a "
        f"face, for the {PANELS} that are seen longest")
    add("--gif", type=Path, metavar="FILE", help="write a copy, at most "
        f"{GIF_SIDE} pixels a side, with boxes and probabilities")
    add("--fps", type=float, default=FRAMES_A_SECOND, metavar="N", help="frames a second, where "
        f"the film does not say (default {FRAMES_A_SECOND})")
    add("--every", type=cli.at_least(1), default=EVERY, metavar="N", help="frames from one full "
        f"search to the next; between them known faces are followed (default {EVERY})")
    cli.add_reading(parser)
    add("--force", action="store_true", help="replace what is there already")
    cli.add_threads(parser)
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(run, parse, argv, "stopped; the frames so far are done")


def run(given):
    set_threads(given.threads)
    if not 0 < given.fps < np.inf:
        raise ValueError(f"--fps {given.fps:g}: expected a number above 0")
    for option in ("csv", "chart", "gif"):
        if path := getattr(given, option):
            cli.check_output(path, given.force, f"--{option}")
    opened = open_run(given.model)
    cli.warn_of_drawn_faces(opened)
    names, course, broken = opened.model.class_names, Course(), 0
    film = ppm_frames(sys.stdin.buffer) if given.film == "-" else given.film
    start, done = time.perf_counter(), 0
    with ExitStack() as stack:
        table = cli.Table(given.csv)
        stack.callback(table.close)
        if given.chart:
            stack.callback(lambda: course.faces and chart(course, names, given.chart))
        gif = stack.enter_context(Gif(given.gif)) if given.gif else None
        table.row(["frame", "seconds", "face", *"xywh", "score", "prediction", "unsure", *names])
        for frame in watch(film, opened.model, given.crops, given.smallest, given.threshold,
                           given.every, given.fps):
            done += 1
            if frame.error:
                cli.note(frame.error, f"frame {frame.number}")
                broken += 1
                continue
            for number, reading in frame.readings.items():
                table.row([frame.number, f"{frame.seconds:.3f}", number, *fields(reading)])
                course.add(number, frame.seconds, list(reading.probabilities.values()))
            if gif:
                gif.add(frame)
    seconds = time.perf_counter() - start
    print(f"{done:,} frames in {duration(seconds)}, {done / seconds:.0f} a second; "
          f"{len(course.faces)} faces", file=sys.stderr)
    return 1 if broken else 0


class Course:
    """The probabilities of each face over time, in at most POINTS points however long the film."""

    def __init__(self):
        self.faces = {}             # number -> (frames a point, [(seconds, p)], frames in all)

    def add(self, number, seconds, p):
        frames, points, waiting = self.faces.setdefault(number, [1, [], []])
        waiting.append([seconds, *p])
        if len(waiting) == frames:
            points.append(np.mean(waiting, axis=0))
            waiting.clear()
        if len(points) == POINTS:
            points[:] = list(np.array(points).reshape(-1, 2, len(p) + 1).mean(axis=1))
            self.faces[number][0] *= 2

    def of(self, number):
        """(seconds (n,), probabilities (n, K)) of a face."""
        _, points, waiting = self.faces[number]
        rows = np.array([*points, np.mean(waiting, axis=0)] if waiting else points)
        return rows[:, 0], rows[:, 1:]


def chart(course, names, path):
    """Draw the courses of the faces seen longest."""
    from tinyfer.photo.marking import COLOURS
    from tinyfer.scores import plots

    lengths = {number: frames * len(points) + len(waiting)
               for number, (frames, points, waiting) in course.faces.items()}
    shown = sorted(sorted(lengths, key=lengths.get, reverse=True)[:PANELS])
    others = list(COLOURS.values())
    colours = [COLOURS.get(name, others[n % len(others)]) for n, name in enumerate(names)]
    plots.over_time({f"face {number}": course.of(number) for number in shown}, names, colours, path)


class Gif:
    """An annotated copy, written frame by frame: Pillow would hold all of them until the end."""

    def __init__(self, path):
        self.path, self.file, self.before = path, None, 0

    def __enter__(self):
        return self

    def add(self, frame):
        image = Readings(frame.picture, frame.readings.values()).draw()
        image.thumbnail((GIF_SIDE, GIF_SIDE))
        image, parts = image.quantize(64), []
        if self.file is None:
            self.file, self.size = open(self.path, "wb"), image.size
            header, _ = GifImagePlugin.getheader(image)
            parts = [b"GIF89a" + b"".join(header)[6:],
                     b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"]         # for ever
        lasts = max(20, round(1000 * (frame.seconds - self.before)) or 40)
        self.before = frame.seconds
        parts += GifImagePlugin.getdata(image.crop((0, 0, *self.size)), duration=lasts,
                                        include_color_table=True)
        with cli.naming(self.path):
            self.file.write(b"".join(parts))
            self.file.flush()

    def __exit__(self, *_):
        if self.file:
            with suppress(OSError):         # add() has said it
                self.file.write(b";")
                self.file.close()
