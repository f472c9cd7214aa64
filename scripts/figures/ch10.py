"""Chapter 10: one face as a training batch sees it."""

import numpy as np
from figures.style import figure, picture

from tinyfer.datasets.inputs import augment
from tinyfer.datasets.toyfaces import draw_face


def augmentation():
    face = draw_face("surprise", seed=4, tilt=0.2, gaze_u=0.06, covered=1, hand_u=0.75, hand_v=0.35)
    batch = augment(np.repeat(face[None], 8, axis=0), np.random.default_rng(5))[..., 0]
    made = figure(8, 3.4)
    panels = made.subplots(2, 5)
    picture(panels[0, 0], face, "as it is")
    panels[1, 0].set_visible(False)
    for axes, x in zip(panels[:, 1:].ravel(), batch):
        picture(axes, x, "", 0, 1)
    return made


FIGURES = {"10-augmentation": augmentation}
