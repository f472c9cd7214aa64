"""A photograph read, a film watched, faces found in a megapixel: tinyfer beside `fer` and OpenCV.

What a person waits for: from the pixels of a portrait to the expressions in it. `fer` finds faces
with OpenCV's cascade, from 50 pixels on, and reads each once; tinyfer finds them from 24 pixels on
unless told otherwise, and reads each 18 times. Everyone gets the same array and as many threads,
except that finding in a megapixel is timed on one.
"""

import os
from functools import partial

import numpy as np
from finder import opencv
from PIL import Image

import tinyfer
from bench.race import race, table
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


HERE = "bench.photographs."
OURS = {"tinyfer, faces from 50 pixels": ((), HERE + "Tinyfer", (50,)),
        "tinyfer, as it comes (from 24)": ((), HERE + "Tinyfer", ())}
FER = {"fer, as it comes (from 50)": (("fer", "tensorflow", "cv2"), HERE + "Fer", ())}
FINDERS = {"tinyfer": ((), HERE + "Tinyfer", (24,)),
           "OpenCV's cascade": (("cv2",), HERE + "OpenCV", (24,))}


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


def measure(given):
    """Yield a table each for a portrait, a film, and a scene whose faces are found."""
    portrait = draw_scene(1, seed=1, height=640, width=473)[0]
    if given.portrait:
        portrait = np.array(Image.open(given.portrait).convert("RGB"))
    scene = draw_scene(8, seed=0, height=860, width=1160)[0]
    for method, picture, what, contenders, threads in (
            ("read", portrait, "A portrait of {w}x{h} read", OURS | FER, given.threads),
            ("watch", film(), f"A film of {FRAMES} frames of {{w}}x{{h}} with one face that moves",
             OURS | FER, given.threads),
            ("find", scene, "Faces from 24 pixels found in {w}x{h}", FINDERS, 1)):
        def prepare(worker, title):
            worker.call("load", picture)
            return partial(worker.seconds, method), worker.call(method)

        h, w = picture.shape[-3:-1]
        contenders = {title: (packages, make, (threads, *options))
                      for title, (packages, make, options) in contenders.items()}
        rows = race(contenders, threads, given.rounds, prepare, FRAMES if method == "watch" else 1)
        yield table(f"{what.format(w=w, h=h)}, {describe_threads(threads)}, {given.rounds} rounds "
                    "in turn", rows, "faces")
