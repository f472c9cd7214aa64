"""Chapter 12: ROC, Wilson's interval, and what a trained network holds, sees and misreads."""

import numpy as np
from figures.small import small_cnn, train
from figures.style import BLUE, INK, ORANGE, STYLES, bare, figure, picture

from tinyfer.core.inference import to_input
from tinyfer.core.layers import Conv2D, Dense, MaxPool2D
from tinyfer.core.losses import softmax
from tinyfer.core.networks import load_model
from tinyfer.data import EMOTIONS
from tinyfer.data.drawn import draw_face, draw_faces
from tinyfer.explain.saliency import saliency
from tinyfer.scores.metrics import roc_curve, wilson_interval
from tinyfer.scores.plots import SHADES


def roc():
    positive = np.array([True, True, True, False, False, False, False])
    scores = np.array([0.9, 0.8, 0.4, 0.7, 0.4, 0.2, 0.1])
    fpr, tpr, _ = roc_curve(positive, scores)
    fig = figure(7.5, 4.4)
    axes = fig.subplots()
    axes.fill_between(fpr, tpr, color=BLUE, alpha=0.15, linewidth=0)
    for i in range(1, 5):
        axes.plot([i / 4, i / 4], [0, 1], color="#999999", linewidth=0.8)
    for j in range(1, 4):
        axes.plot([0, 1], [j / 3, j / 3], color="#999999", linewidth=0.8)
    axes.plot([0, 1], [0, 1], color=INK, linestyle=STYLES[2], linewidth=1)
    axes.plot(fpr, tpr, color=BLUE, linewidth=2.5, marker="o")
    axes.text(0.125, 5 / 6, "0.4 < 0.7", ha="center", va="center", fontsize=10)
    axes.text(0.405, 5 / 6 - 0.08, "0.4 = 0.4", ha="center", va="center", fontsize=10)
    for i, score in enumerate(scores[~positive]):
        axes.text((i + 0.5) / 4, 1.04, f"{score:g}", ha="center", fontsize=10)
    for j, score in enumerate(scores[positive]):
        axes.text(1.03, (j + 0.5) / 3, f"{score:g}", va="center", fontsize=10)
    axes.text(0.5, 1.13, "score of the negative", ha="center", fontsize=10)
    axes.text(1.12, 0.5, "score of the positive", va="center", ha="center", rotation=90,
              fontsize=10)
    axes.set_xlim(-0.02, 1.16)
    axes.set_ylim(-0.02, 1.19)
    axes.grid(False)
    axes.set_xticks(np.arange(5) / 4, ["0", "1/4", "1/2", "3/4", "1"])
    axes.set_yticks(np.arange(4) / 3, ["0", "1/3", "2/3", "1"])
    axes.set_xlabel("false-positive rate")
    axes.set_ylabel("true-positive rate")
    return fig


def wilson(n=20, k=19, z=1.96):
    p = np.linspace(0, 1, 400)
    width = z * np.sqrt(p * (1 - p) / n)
    fig = figure(7.5, 5)
    axes, below = fig.subplots(2, 1, sharex=True, height_ratios=(5, 1))
    axes.fill_between(p, p - width, p + width, color="#D9D9D9", linewidth=0)
    axes.plot(p, p - width, color=INK, linewidth=1)
    axes.plot(p, p + width, color=INK, linewidth=1)
    share = k / n
    low, high = wilson_interval(k, n)
    usual = z * np.sqrt(share * (1 - share) / n)
    axes.plot([low, high], [share, share], color=BLUE, linewidth=4, solid_capstyle="butt")
    axes.text(0.03, share, f"observed: {k} of {n}", va="center")
    axes.plot([0.3, low], [share, share], color=INK, linewidth=0.8, linestyle=STYLES[2])
    axes.text(0.42, 0.42, "pairs that fit together", ha="center", va="center", rotation=28)
    axes.set_ylabel(f"observed share, {n} images")
    axes.set_ylim(0, 1.1)
    for height, name, colour, ends in ((1, "Wilson", BLUE, (low, high)),
                                       (0, "usual", ORANGE, (share - usual, share + usual))):
        below.plot(ends, [height, height], color=colour, linewidth=4, solid_capstyle="butt")
        below.text(0.03, height, f"{name}: {ends[0]:.2f} to {ends[1]:.2f}", color=colour,
                   va="center")
    for end in low, high:
        below.plot([end, end], [1, 1.9], color=BLUE, linewidth=0.8, clip_on=False)
        axes.plot([end, end], [0, share], color=BLUE, linewidth=0.8)
    for panel in axes, below:
        panel.axvline(1, color=INK, linewidth=0.8)
    below.set_ylim(-0.7, 1.9)
    below.set_yticks([])
    below.grid(False)
    below.spines["left"].set_visible(False)
    below.set_xlabel("true share p")
    below.set_xlim(0, 1.12)
    return fig


def filters():
    """The first layer's filters: grey is 0, white the largest weight of all."""
    w = load_model("five-class-study").layers[0].w.value[:, :, 0]
    limit = np.abs(w).max()
    fig = figure(8, 1.15)
    for k, axes in enumerate(fig.subplots(2, 16).ravel()):
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


def saliency_strip():
    model = load_model("five-class-study")
    shown = ("gradient", "integrated", "gradcam", "occlusion")
    faces = np.stack([draw_face(name, tilt=0.1) for name in ("happy", "surprise", "angry")])
    p = model.predict_proba(faces)
    fig = figure(8, 5)
    panels = fig.subplots(3, 5)
    for axes, face, row in zip(panels[:, 0], faces, p):
        picture(axes, face, f"{model.class_names[row.argmax()]}, {row.max():.2f}")
    for column, method in enumerate(shown, 1):
        for axes, one in zip(panels[:, column], saliency(model, faces, method=method)):
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


FIGURES = {"12-roc": roc, "12-wilson": wilson, "12-filters": filters,
           "12-feature-maps": feature_maps, "12-saliency": saliency_strip, "12-mistakes": mistakes}
