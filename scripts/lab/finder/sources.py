"""What the face finder learns from: faces.zip and FER-2013, read into memory and split.

faces.zip holds `Caltech_CropFaces/`, 36x36 grey faces cut more loosely than FER-2013's, and
`train_non_face_scenes/`, photographs without any face. A tenth of the faces and every sixth scene
are set aside for validation. The test pictures in the same archive are not opened here.
"""

import io
import zipfile
from typing import NamedTuple

import numpy as np
from finder.windows import Bank
from PIL import Image

from tinyfer.commands import cli
from tinyfer.data import draw_faces

# The box in a Caltech crop, as shares of its side, found by laying the mean face of the crops over
# that of FER-2013's training part: the correlation is highest (0.94) for a square of 0.77 of the
# side, 0.07 from the top, in the middle from left to right.
CALTECH_SIDE, CALTECH_TOP = 0.77, 0.07
CALTECH_PIXELS = 62         # a crop enlarged so far has a box of 48 pixels
CALTECH_BOX = ((1 - CALTECH_SIDE) / 2 * CALTECH_PIXELS, CALTECH_TOP * CALTECH_PIXELS,
               CALTECH_SIDE * CALTECH_PIXELS)               # left, top, side
DRAWN = 3000
TURNED = 3                  # ways in which hard windows are looked for in a scene


class Sources(NamedTuple):
    """Banks of faces (FER-2013, Caltech, drawn), a list of scenes, (H, W) uint8, and the labels of
    the FER-2013 faces among the seven classes."""

    banks: tuple
    scenes: list
    labels: np.ndarray


def read_sources(faces_zip, fer, drawn=DRAWN):
    """Sources to train on, and Sources to validate on. ValueError where something is missing."""
    crops = np.stack(list(caltech_crops(faces_zip).values()))
    scenes = list(_pictures(faces_zip, "train_non_face_scenes/").values())
    data = cli.fer2013(fer)
    grey = data.faces.reshape(len(data), -1).std(axis=1) < 3
    training, public = (data[(data.usage == part) & ~grey] for part in ("Training", "PublicTest"))
    made = draw_faces(drawn, seed=11).faces
    tenth, held = len(crops) // 10, len(made) // 10
    return (Sources(_banks(training.faces, crops[tenth:], made[held:]),
                    [s for i, s in enumerate(scenes) if i % 6], training.labels),
            Sources(_banks(public.faces, crops[:tenth], made[:held]), scenes[::6], public.labels))


def caltech_crops(faces_zip):
    """The Caltech faces by file name, each enlarged to CALTECH_PIXELS a side; `CALTECH_BOX` is the
    face in them."""
    return {name: np.asarray(Image.fromarray(crop).resize((CALTECH_PIXELS,) * 2,
                                                          Image.Resampling.BICUBIC))
            for name, crop in _pictures(faces_zip, "Caltech_CropFaces/").items()}


def _banks(fer, caltech, drawn):
    return Bank(fer, 0.0, 0.0, 48.0), Bank(caltech, *CALTECH_BOX), Bank(drawn, 0.0, 0.0, 48.0)


def read_test(faces_zip):
    """The 130 CMU+MIT pictures, (H, W) uint8, and the boxes (n, 4) of left, top, right and bottom
    of the faces in each."""
    pictures, boxes = _pictures(faces_zip, "test_jpg/"), {}
    with zipfile.ZipFile(faces_zip) as archive:
        name = next((n for n in archive.namelist() if n.endswith("ground_truth_bboxes.txt")), None)
        if name is None:
            raise ValueError(f"--test: {faces_zip} holds no ground_truth_bboxes.txt")
        for line in archive.read(name).decode().splitlines():
            picture, *corners = line.split()
            boxes.setdefault(picture, []).append([float(v) for v in corners])
    return list(pictures.values()), [np.array(boxes.get(name, []), float).reshape(-1, 4)
                                     for name in pictures]


def _pictures(path, folder):
    """The grey pictures in a folder of a zip archive: a dict by file name, in its order."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist()
                           if folder in n and n.lower().endswith((".jpg", ".png")))
            pictures = {n.split("/")[-1]: np.asarray(
                Image.open(io.BytesIO(archive.read(n))).convert("L")) for n in names}
    except FileNotFoundError:
        raise FileNotFoundError(f"--faces: there is no archive {path}") from None
    except zipfile.BadZipFile:
        raise ValueError(f"--faces: {path} is no zip archive, or is damaged") from None
    if not pictures:
        raise ValueError(f"--faces: there are no pictures in a folder {folder} of {path}")
    return pictures


def mining_pictures(scenes):
    """The scenes as they are, upside down, and turned by a quarter: other windows each time."""
    return [np.ascontiguousarray(turned) for scene in scenes
            for turned in (scene, scene[::-1], np.rot90(scene))]
