"""Chapter 1: the drawn faces, the averages of FER-2013."""

from figures.style import figure, picture, plot

from tinyfer.data import EMOTIONS, find_data, load_fer2013
from tinyfer.data.drawn import draw_faces


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
