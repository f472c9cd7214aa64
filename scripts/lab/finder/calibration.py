"""Scores that are probabilities: after training, by two numbers found on validation pictures."""

import numpy as np
from finder.composites import composites
from finder.score import match
from PIL import Image

PICTURES = 60


def calibrate(finder, look, validation, seed):
    """Change the last layer of `look` so that of the boxes with score p a share p are faces.

    With z the logit of a box's score, sigmoid(a z + b) is fitted to which boxes are faces, on
    composites and on scenes without a face (Platt 1999); a and b then go into the weights.
    """
    made = composites(validation, PICTURES, seed, smallest=20, banks=(0, 1))
    pictures = [(c.picture, c.boxes) for c in made]
    pictures += [(scene, np.empty((0, 4))) for scene in validation.scenes]
    scores, hits = [], []
    for picture, truth in pictures:
        x, y, side, score = finder.find(Image.fromarray(picture), 20, 0.02).T
        corners = np.stack([x - side / 2, y - side / 2, x + side / 2, y + side / 2, score], axis=1)
        scores.append(score)
        hits.append(match(corners, truth)[0])
    p = np.clip(np.concatenate(scores).astype(float), 1e-6, 1 - 1e-6)
    a, b = fit_sigmoid(np.log(p / (1 - p)), np.concatenate(hits))
    w, bias = look.layers[-1].w.value, look.layers[-1].b.value
    w[:, :2] *= a
    bias[:2] *= a
    bias[1] += b
    return a, b


def fit_sigmoid(z, hit, steps=50):
    """a, b of the likeliest sigmoid(a z + b), by Newton's method."""
    x, theta = np.stack([z, np.ones_like(z)], axis=1), np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ theta))
        curvature = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2)
        theta -= np.linalg.solve(curvature, x.T @ (p - hit) + 1e-3 * (theta - (1, 0)))
    return theta
