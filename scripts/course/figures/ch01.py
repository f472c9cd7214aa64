"""Chapter 1: the drawn faces, the averages of FER-2013, how many images there are of each class."""

import numpy as np
from figures.style import BLUE, figure, picture, plot

from tinyfer.data import EMOTIONS, find_data, load_fer2013
from tinyfer.data.drawn import draw_faces

COUNTS = (4953, 547, 5121, 8989, 6198, 6077, 4002)      # of FER-2013, in the order of EMOTIONS


def drawn_faces():
    data = draw_faces(70, seed=3)
    fig, panels = plot(8, 3.7, 3, 7)
    for column, name in enumerate(EMOTIONS):
        for row, face in enumerate(data.faces[data.labels == column][:3]):
            picture(panels[row, column], face, name if row == 0 else "")
    return fig


def mean_faces():
    path = find_data()
    if path is None:
        raise FileNotFoundError("it needs FER-2013; set TINYFER_DATA")
    data = load_fer2013(path)
    data = data[data.usage == "Training"]
    fig = figure(8, 1.35)
    for label, (axes, name) in enumerate(zip(fig.subplots(1, 7), EMOTIONS)):
        average = data.faces[data.labels == label].mean(axis=0)
        picture(axes, average, name, average.min(), average.max())
    return fig


def class_counts():
    fig, axes = plot(6, 2.6)
    order = np.argsort(COUNTS)
    axes.barh([EMOTIONS[i] for i in order], [COUNTS[i] for i in order], color=BLUE, height=0.7)
    for row, i in enumerate(order):
        axes.text(COUNTS[i], row, f" {COUNTS[i]:,}  ({COUNTS[i] / sum(COUNTS):.1%})", va="center",
                  fontsize=9)
    axes.set(xlim=(0, 11000), xlabel="images of FER-2013, all parts")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    return fig
