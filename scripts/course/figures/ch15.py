"""Chapter 15: what a trained network holds, sees and misreads, and maps of where it looks."""

import numpy as np
from figures.small import small_cnn, train
from figures.style import BLUE, bare, figure, picture, plot

from tinyfer.core.inference import to_input
from tinyfer.core.layers import Conv2D, Dense, MaxPool2D
from tinyfer.core.losses import softmax
from tinyfer.core.networks import load_model, six_layer_cnn
from tinyfer.data import EMOTIONS
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.explain import saliency as explained
from tinyfer.scores.plots import SHADES


def filters():
    """The first layer's filters and what they began as: grey is 0, white the largest weight."""
    fig = figure(8, 2.6)
    parts = fig.subfigures(2, 1)
    for part, title, model in zip(parts, ("trained", "as they were drawn, before training"), (
            load_model("five-class-study"), six_layer_cnn(classes=5, seed=0))):
        w = model.layers[0].w.value[:, :, 0]
        limit = np.abs(w).max()
        part.suptitle(title, fontsize=10)
        for k, axes in enumerate(part.subplots(2, 16).ravel()):
            picture(axes, w[:, :, k], "", -limit, limit)
    return fig


def feature_maps(columns=8):
    """One face through the network: of each layer that changes the picture the busiest maps."""
    model = load_model("five-class-study")
    face = draw_face("surprise", tilt=0.1)
    rows, x = [], to_input(face[None])
    for number, layer in enumerate(model.layers, 1):
        x = layer.forward(x)
        if isinstance(layer, (Conv2D, MaxPool2D)):
            rows.append((f"{number}  {str(layer).replace(' + ReLU', '')}\n"
                         f"{x.shape[1]} × {x.shape[2]}", x[0].copy()))
        elif isinstance(layer, Dense) and layer.relu:
            dense = x[0].copy()
    fig = figure(8.2, 9.8)
    grid = fig.add_gridspec(len(rows) + 1, columns + 1)
    picture(fig.add_subplot(grid[-1, 0]), face, "the face")
    for i, (name, maps) in enumerate(rows):
        axes = fig.add_subplot(grid[i, 0])
        bare(axes)
        axes.text(1, 0.5, name, ha="right", va="center", transform=axes.transAxes, fontsize=10)
        busiest = np.argsort(-maps.std(axis=(0, 1)))[:columns]
        for j, c in enumerate(np.sort(busiest)):
            axes = fig.add_subplot(grid[i, j + 1])
            picture(axes, maps[:, :, c], "", maps[:, :, c].min(), maps[:, :, c].max())
    axes = fig.add_subplot(grid[-1, 1:5])
    picture(axes, dense.reshape(8, 32), "20  Dense 256", 0, dense.max())
    axes = fig.add_subplot(grid[-1, 6:])
    p = softmax(x)[0]
    bare(axes, "23  Dense 5, softmax")
    axes.barh(range(len(p)), p, color=BLUE, height=0.7, alpha=0.6)
    for k, name in enumerate(model.class_names):
        axes.text(0.02, k, f"{name} {p[k]:.2f}", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    return fig


def saliency():
    model = load_model("five-class-study")
    shown = ("gradient", "integrated", "gradcam", "occlusion")
    faces = np.stack([draw_face(name, tilt=0.1) for name in ("happy", "surprise", "angry")])
    p = model.predict_proba(faces)
    fig, panels = plot(8, 5, 3, 5)
    for axes, face, row in zip(panels[:, 0], faces, p):
        picture(axes, face, f"{model.class_names[row.argmax()]}, {row.max():.2f}")
    for column, method in enumerate(shown, 1):
        for axes, one in zip(panels[:, column], explained.saliency(model, faces, method=method)):
            axes.imshow(one, cmap=SHADES, vmin=0, vmax=np.quantile(one, 0.995))
            bare(axes, method if axes is panels[0, column] else "")
    return fig


def mistakes(wrong=10):
    """A small network's most confident mistakes among faces that it has not seen."""
    names = EMOTIONS
    model = small_cnn(rate=0.25)
    train(model, draw_faces(3000, seed=0), 15, shift=True)
    unseen = draw_faces(1000, seed=1)
    p = softmax(model.forward(to_input(unseen.faces)))
    answers, sure = p.argmax(axis=1), p.max(axis=1)
    missed = np.flatnonzero(answers != unseen.labels)
    fig = figure(8.2, 4.3)
    for axes, n in zip(fig.subplots(2, wrong // 2).ravel(), missed[np.argsort(-sure[missed])]):
        picture(axes, unseen.faces[n], f"{names[unseen.labels[n]]}\ncalled {names[answers[n]]}, "
                                       f"{sure[n]:.2f}")
    fig.supxlabel(f"{len(unseen)} faces, {1 - len(missed) / len(unseen):.1%} right", fontsize=10)
    return fig
