"""A photograph read, a film watched, faces found in a megapixel: tinyfer beside `fer` and OpenCV.

What a person waits for: from the pixels of a portrait to the expressions in it. `fer` finds faces
with OpenCV's cascade, from 50 pixels on, and reads each once; tinyfer finds them from 24 pixels on
unless told otherwise, and reads each 18 times. Everyone gets the same array and as many threads,
except that finding in a megapixel is timed on one.
"""

import os
from functools import partial
from importlib.util import find_spec

import numpy as np
from finder import opencv
from PIL import Image

import tinyfer
from bench import text
from bench.turns import Worker, compare, progress, take_turns, workers
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data.drawn_scenes import draw_scene
from tinyfer.training.runs import describe_threads

FRAMES, STEP = 30, 4        # of the film, and the pixels that the face moves from one to the next


class Tinyfer:
    def __init__(self, threads, smallest=None):
        set_threads(threads)
        self.smallest = smallest

    def load(self, picture):
        self.picture = picture

    def read(self):
        return len(tinyfer.read_photo(self.picture, smallest=self.smallest))

    def find(self):
        return len(tinyfer.find_faces(self.picture, smallest=self.smallest))

    def watch(self):
        return sum(len(f.readings) for f in tinyfer.watch(self.picture, smallest=self.smallest))


class Fer:
    def __init__(self, threads):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import cv2
        import tensorflow as tf
        from fer.fer import FER

        cv2.setNumThreads(threads)
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.faces = FER().detect_emotions

    def load(self, picture):
        self.pictures = np.ascontiguousarray(np.asarray(picture)[..., ::-1])     # BGR

    def read(self):
        return len(self.faces(self.pictures))

    def watch(self):
        return sum(len(self.faces(picture)) for picture in self.pictures)


class OpenCV:
    def __init__(self, threads, smallest):
        opencv.opencv_threads(threads)
        self.boxes = partial(opencv.opencv_boxes, opencv.cascade(), smallest=smallest)

    def load(self, picture):
        self.picture = np.array(Image.fromarray(picture).convert("L"))

    def find(self):
        return len(self.boxes(self.picture))


# What is timed: for each task its contenders, {title: (class, arguments, packages)}, first ours.
OURS = {"tinyfer, faces from 50 pixels": (Tinyfer, (50,), ()),
        "tinyfer, as it comes (from 24)": (Tinyfer, (), ())}
FER = {"fer, as it comes (from 50)": (Fer, (), ("fer", "tensorflow", "cv2"))}
TASKS = {
    "read": ("A portrait of {w}x{h} read", OURS | FER),
    "watch": (f"A film of {FRAMES} frames of 640x480 with one face that moves", OURS | FER),
    "find": ("Faces from 24 pixels found in {w}x{h}, one thread",
             {"tinyfer": (Tinyfer, (24,), ()), "OpenCV's cascade": (OpenCV, (24,), ("cv2",))}),
}


def film():
    """A drawn face that moves over a drawn scene: (FRAMES, 480, 640, 3) uint8."""
    scene = draw_scene(0, height=480, width=640)[0]
    people, ((x, y, side),), _ = draw_scene(1, seed=1, height=480, width=640)
    rim = side // 4
    head = people[y - rim:y + side + rim, x - rim:x + side + rim]
    frames = np.repeat(scene[None], FRAMES, axis=0)
    for n, frame in enumerate(frames):
        frame[100:100 + len(head), 100 + STEP * n:100 + STEP * n + head.shape[1]] = head
    return frames


def pictures(portrait):
    """What each task is given; portrait: a file, or None for a drawn one."""
    drawn = draw_scene(1, seed=1, height=640, width=473)[0]
    portrait = np.array(Image.open(portrait).convert("RGB")) if portrait else drawn
    return {"read": portrait, "watch": film(),
            "find": draw_scene(8, seed=0, height=860, width=1160)[0]}


def measure(options):
    """{task: {title: what `compare` says, the number of faces, or the packages missing}}."""
    result = {}
    for name, picture in pictures(options.portrait).items():
        what, contenders = TASKS[name]
        h, w = picture.shape[-3:-1]
        found, turns = {}, {}
        with workers() as started:
            for title, (make, arguments, packages) in contenders.items():
                if absent := [p for p in packages if find_spec(p) is None]:
                    found[title] = {"missing": absent}
                    continue
                threads = 1 if name == "find" else options.threads
                worker = started[title] = Worker(
                    title, threads, f"bench.photographs.{make.__name__}", threads, *arguments)
                worker.call("load", picture)
                found[title] = {"faces": worker.call(name)}
                turns[title] = lambda worker=worker: worker.seconds(name)
            seconds = take_turns(turns, options.rounds, show=progress(name, options.rounds))
        for title, numbers in compare(seconds, next(iter(contenders))).items():
            found[title] |= numbers
        result[name] = {"what": what.format(w=w, h=h), "contenders": found}
    return result


def table(result, options):
    tables = []
    for name, entry in result.items():
        rows = []
        for title, numbers in entry["contenders"].items():
            if "missing" in numbers:
                rows.append([f"{title}: not installed"] + [None] * 5)
                continue
            low, high = numbers["quartiles"]
            pictures = FRAMES if name == "watch" else 1
            rows.append([title, f"{1e3 * numbers['median']:.1f}",
                         f"{pictures / numbers['median']:.1f}", f"{numbers['ratio']:.2f}",
                         f"{low:.2f} to {high:.2f}", numbers["faces"]])
        threads = "" if name == "find" else f", {describe_threads(options.threads)}"
        tables.append(text.table(
            ["", "median ms", "a second", "x the first", "quartiles", "faces"], rows,
            f"{entry['what']}{threads}, {options.rounds} rounds in turn"))
    return "\n\n".join(tables)
