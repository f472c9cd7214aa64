"""Grey 48x48 faces drawn from their measures, shape upon shape, many at a time.

A shape is its signed distance field d(u, v), negative inside, in face units: u to the right and v
down from the middle of the face, the head about 2 units high. Where |d| is less than half a pixel,
the shape covers a pixel in part, so edges come out smooth without drawing any finer grid.
Measures are arrays (n, 1, 1), one value a face, and every field is (n, 48, 48) float32.
"""

import numpy as np

from tinyfer.data.faces import SIZE

FAR = 9  # added to a distance, it leaves nothing of the shape


class Sheet:
    """n pictures that are drawn on together, shape upon shape."""

    def __init__(self, m, size):
        """m: the measures `x`, `y` (middle of the face in pixels of 48), `scale` (such pixels a
        unit), `tilt` (radians) and `background` (grey). size: pixels to draw, in each direction."""
        fineness = size / SIZE
        positions = ((np.arange(size) + 0.5) / fineness - 0.5).astype(np.float32)
        dx, dy = positions - m.x, positions[:, None] - m.y
        cos, sin = np.cos(m.tilt) / m.scale, np.sin(m.tilt) / m.scale
        self.u, self.v = cos * dx + sin * dy, cos * dy - sin * dx
        self.scale = m.scale * np.float32(fineness)  # pixels a unit
        self.image = np.broadcast_to(m.background, self.u.shape).copy()

    def cover(self, d):
        """How much of each pixel lies inside the shape d: 0 to 1."""
        return np.clip(0.5 - d * self.scale, 0, 1)

    def paint(self, d, grey, opacity=1):
        """Lays the shape d over the pictures."""
        self.image += self.cover(d) * opacity * (grey - self.image)

    def shade(self, d, opacity):
        """Darkens the pictures inside the shape d, as a wrinkle or a shadow does."""
        self.image *= 1 - self.cover(d) * opacity


def ellipse(u, v, a, b):
    """An ellipse about the origin with half-axes a and b (distances are exact for circles)."""
    return (np.sqrt((u / a) ** 2 + (v / b) ** 2) - 1) * np.minimum(a, b, dtype=np.float32)


def stroke(along, across, half_length, half_width):
    """A line of some width whose middle is across = 0, |along| <= half_length."""
    return np.maximum(np.abs(across) - half_width, np.abs(along) - half_length)


def both(*shapes):
    """What lies inside all the shapes."""
    d = shapes[0]
    for shape in shapes[1:]:
        d = np.maximum(d, shape)
    return d


def draw(m, size=SIZE):
    """Faces from their measures: (n, size, size) float32, 0 black to 1 white or a little over.

    m: one attribute a measure, as `tinyfer.data.drawn.measures` gives them.
    """
    sheet = Sheet(m, size)
    u, v = sheet.u, sheet.v
    head = ellipse(u, v, m.head_width - 0.12 * np.maximum(v, 0) ** 2, 1)

    # Behind the head: hair, neck, ears.
    hair_grey = m.hair + 0.05 * np.sin(u * 23 + 4 * v)
    behind = ellipse(u, v + 0.12 - m.hair_length, m.head_width + 0.14, 1.02 + m.hair_length)
    sheet.paint(behind + FAR * m.bald, hair_grey)
    sheet.paint(both(np.abs(u) - 0.42, 0.3 - v), m.skin * 0.72)
    sheet.paint(ellipse(np.abs(u) - m.head_width, v - 0.02, 0.13, 0.22), m.skin * 0.8)

    # The head is shaded as the ellipsoid it is: by the angle between its normal and the light.
    normal_v, normal_u = v, u / m.head_width
    normal_out = np.sqrt(np.clip(1 - normal_u**2 - normal_v**2, 0.02, 1))
    light = m.light_u * normal_u + m.light_v * normal_v + m.light_out * normal_out
    skin = m.skin * (0.62 + 0.42 * np.clip(light, 0, 1))
    sheet.paint(head, skin)

    # The head turned a little: what is on it moves more than its outline does.
    u = u - m.turn * 0.22
    u = u + 0.3 * m.turn * np.abs(u)
    v = v - m.nod * 0.14
    side = np.abs(u)

    _lines(sheet, side, v, m)
    beard = both(head, m.beard_line - v - 0.5 * side**2)
    sheet.shade(0.15 * beard, m.beard)  # a distance made small makes a soft edge
    _nose(sheet, u, side, v, m)
    _mouth(sheet, u, v, m)
    _eyes(sheet, u, side, v, m)

    fringe = v + m.forehead_height - m.fringe_curve * u**2 + 0.03 * np.sin(u * 19 + m.fringe_wave)
    sheet.paint(both(head - 0.05, fringe) + FAR * m.bald, hair_grey)
    _brow(sheet, side, v, m)
    _extras(sheet, u, side, v, m)
    return sheet.image


def _lines(sheet, side, v, m):
    """The lines that a moving face folds into: forehead, between the brows, nose, cheeks."""
    for height in (-0.52, -0.62):
        sheet.shade(stroke(side, v - height - 0.1 * side**2, 0.3, 0.016), 0.4 * m.forehead)
    sheet.shade(stroke(v + 0.3, side - 0.055, 0.1, 0.018), 0.6 * m.frown)
    for height in (0.0, 0.1):
        across = v - height - 0.7 * (side - 0.1)
        sheet.shade(stroke(side - 0.1, across, 0.07, 0.018), 0.6 * m.wrinkle)
    t = (v - 0.2) / (m.mouth_height - 0.1)
    fold = stroke(t - 0.5, side - 0.17 - (m.mouth_width - 0.06) * t * (1.7 - 0.7 * t), 0.45, 0.012)
    sheet.shade(fold, 0.4 * m.fold)


def _nose(sheet, u, side, v, m):
    tip = m.nose_length
    sheet.shade(ellipse(u - 0.05, v - tip + 0.13, 0.07, 0.26), 0.12)
    sheet.paint(ellipse(u, v - tip + 0.03, 0.075, 0.07), np.minimum(m.skin * 1.12, 1), 0.5)
    sheet.shade(ellipse(side - 0.075, v - tip - 0.03, 0.04, 0.028), 0.6)
    wing = stroke(v - tip, side - m.nose_width + 2 * (v - tip) ** 2, 0.07, 0.018)
    sheet.shade(wing, 0.25 + 0.3 * m.wrinkle)


def _mouth(sheet, u, v, m):
    """Two curves over t = u / width in [-1, 1], the lips' inner edges, and what is between them."""
    t = u / m.mouth_width
    inside = np.clip(1 - t * t, 0, 1)
    middle = m.mouth_height - m.lift * (t * t - 0.45) + m.skew * t
    gap = m.open * inside * (1 + m.square * t * t)  # square 0 is round, 1 nearly a rectangle
    top = middle - 0.35 * gap - m.sneer * np.clip(1 - (t - m.skew * 4) ** 2 * 2.2, 0, 1)
    bottom = middle + 0.65 * gap - 0.4 * m.sneer * inside
    width = np.abs(u) - m.mouth_width
    plump = m.lips * (0.35 + 0.65 * inside)

    sheet.shade(stroke(t, v - bottom - plump - 0.1, 0.45, 0.03), 0.22)
    lips = both(top - plump * 0.8 - v, v - bottom - plump, width - 0.02)
    sheet.paint(lips, m.skin * 0.62)
    opening = both(top - v, v - bottom, width)
    sheet.paint(opening, 0.1)
    tongue = ellipse(u, v - bottom, m.mouth_width * 0.6, 0.1 + m.tongue)
    sheet.paint(both(opening, tongue), 0.42, 0.9)
    sheet.paint(both(opening, v - top - 0.1), 0.95, m.teeth)
    sheet.paint(both(opening, bottom - v - 0.08), 0.9, m.teeth * m.clench)
    sheet.paint(stroke(u, v - (top + bottom) / 2, m.mouth_width, 0.022), 0.12, 1 - 0.85 * m.teeth)
    corners = ellipse(np.abs(u) - m.mouth_width, v - m.mouth_height + m.lift * 0.55, 0.035, 0.035)
    sheet.shade(corners, 0.35)


def _eyes(sheet, u, side, v, m):
    v = v + m.eye_height
    t = (side - m.eye_distance) / m.eye_width
    arc = np.clip(1 - t * t, 0, 1)
    upper = -m.lid_upper * np.sqrt(arc) * (1 + m.lid_slope * t) - 0.015 * t
    lower = m.lid_lower * arc - 0.015 * t
    width = np.abs(t) - 1
    socket = ellipse(side - m.eye_distance, v + 0.04, m.eye_width * 1.35, 0.2)
    sheet.shade(socket, 0.1)
    opening = both(upper - v, v - lower, width * m.eye_width)
    sheet.paint(opening, 0.94)
    outwards = np.sign(u)
    x = side - m.eye_distance - outwards * m.gaze_u
    y = v + 0.02 - m.gaze_v
    sheet.paint(both(opening, ellipse(x, y, 0.105, 0.105)), m.iris)
    sheet.paint(both(opening, ellipse(x, y, 0.055, 0.055)), 0.04)
    glint = ellipse(x + outwards * 0.035, y + 0.045, 0.034, 0.034)
    sheet.paint(both(opening, glint), 1.0)
    sheet.paint(stroke(t, v - upper, 1.1, 0.026), 0.1, 0.9)
    sheet.shade(stroke(t, v - lower, 0.9, 0.015), 0.35)
    sheet.shade(stroke(t, v - lower - 0.07 + 0.05 * t * t, 0.7, 0.018), 0.4 * m.cheek)


def _brow(sheet, side, v, m):
    t = (side - m.eye_distance - 0.01 + m.squeeze) / (m.eye_width * 1.25)
    raised = m.brow_in * (1 - t) / 2 + m.brow_out * (1 + t) / 2 + m.brow_arch * (1 - t * t)
    thickness = m.brow * (1 - 0.4 * np.clip(t, 0, 1))
    d = stroke(t, v + m.eye_height + m.brow_height + raised, 1, thickness)
    sheet.paint(d, np.minimum(m.hair * 0.6, m.skin * 0.45))


def _extras(sheet, u, side, v, m):
    """Glasses, a moustache, and something that gets between the face and the camera."""
    rim = np.abs(ellipse(side - m.eye_distance, v + m.eye_height, 0.29, 0.24)) - 0.02
    bridge = stroke(u, v + m.eye_height + 0.05, m.eye_distance - 0.27, 0.02)
    sheet.paint(np.minimum(rim, bridge), 0.12, m.glasses)
    moustache = both(ellipse(u, v - m.nose_length - 0.14, 0.27, 0.07), 0.015 - side)
    sheet.paint(moustache, m.hair * 0.8, m.moustache)
    x, y = u - m.hand_u, v - m.hand_v
    fingers = np.cos(x * 19) * np.clip(-9 * y, 0, 1)
    hand = ellipse(x, np.minimum(y, 0.4 * y) - 0.09 * fingers + 0.09, 0.42, 0.4)
    sheet.paint(hand, m.hand + 0.06 * fingers, m.covered)
