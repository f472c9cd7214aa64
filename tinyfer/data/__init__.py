"""Where faces come from, how they are divided, and how they become the network's input.

    faces.py         Faces: the images, labels and parts of any data set
    inputs.py        the network's input: to_input, and for training augment
    pictures.py      any picture: one 48x48 grey face
    fer2013.py       FER-2013 from Kaggle's archive.zip, its folder or (fer2013_csv.py) a csv;
                     cache.py keeps the decoded pixels, published.py recognises its images
    folders.py       one's own pictures, a folder for each class
    toyfaces.py      faces the package draws itself; drawing.py is the pen
    splits.py        training, validation and test parts; class sets; balancing; class weights
    duplicates.py    exact copies, and scores and trainings without them
"""

from tinyfer.core.inference import to_input
from tinyfer.data.augment import augment
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.data.duplicates import drop_duplicates, duplicate_facts, duplicate_groups, seen_in
from tinyfer.data.faces import EMOTIONS, USAGES, Faces
from tinyfer.data.fer2013 import HOW_TO_GET, find_data, load_fer2013
from tinyfer.data.splits import (
    CLASS_SETS,
    SPLITS,
    Parts,
    class_weights,
    select_classes,
    split,
    undersample,
)

__all__ = [
    "CLASS_SETS", "EMOTIONS", "HOW_TO_GET", "SPLITS", "USAGES", "Faces", "Parts", "augment",
    "class_weights",
    "draw_face", "draw_faces", "drop_duplicates", "duplicate_facts", "duplicate_groups",
    "find_data", "load_fer2013", "seen_in", "select_classes", "split", "to_input",
    "undersample",
]
