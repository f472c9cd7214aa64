"""Where faces come from, how they are divided, and how they become the network's input.

    faces.py         Faces: the images, labels and parts of any data set
    load.py          load_data: FER-2013 or one's own pictures, in a folder or an archive
                     (collection.py) or a csv (table.py)
    pictures.py      any picture, upright and with 8 bits; one 48x48 grey face
    augment.py       faces changed at random, for training
    drawn.py         faces the package draws itself, of shapes (shapes.py), alone or in scenes
                     (drawn_scenes.py)
    splits.py        training, validation and test parts; class sets; balancing; class weights
    duplicates.py    exact copies, and trainings without them; is it FER-2013 as published?
"""

from tinyfer.core.inference import to_input
from tinyfer.data.augment import augment
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.data.duplicates import (
    drop_duplicates,
    duplicate_facts,
    duplicate_groups,
    is_published,
    seen_in,
)
from tinyfer.data.faces import EMOTIONS, USAGES, Faces
from tinyfer.data.load import HOW_TO_GET, find_data, load_data, load_fer2013
from tinyfer.data.splits import (
    CLASS_SETS,
    SPLITS,
    Parts,
    class_weights,
    select_classes,
    split,
    undersample,
)

__all__ = ["CLASS_SETS", "EMOTIONS", "HOW_TO_GET", "SPLITS", "USAGES", "Faces", "Parts", "augment",
           "class_weights", "draw_face", "draw_faces", "drop_duplicates", "duplicate_facts",
           "duplicate_groups", "find_data", "is_published", "load_data", "load_fer2013", "seen_in",
           "select_classes", "split", "to_input", "undersample"]
