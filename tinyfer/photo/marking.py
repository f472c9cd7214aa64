"""A photograph with its faces marked: a box in the colour of the expression, and its probabilities.

A label covers no face and no other label: it stands below, above or beside its box, or else the
box gets its number and the label a line of its own under the picture.
"""

from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageColor, ImageDraw, ImageFont

# Okabe and Ito's colours, which colour-blind readers tell apart; one for each expression.
COLOURS = {"angry": "#D55E00", "disgust": "#009E73", "fear": "#CC79A7", "happy": "#F0E442",
           "neutral": "#E69F00", "sad": "#0072B2", "surprise": "#56B4E9"}
UNSURE = "#BBBBBB"
LONGEST, SHORTEST = 1600, 300       # pixels of the picture's sides
GAP = 4                             # pixels between a box and its label


def marked(picture, readings):
    """A Pillow image in RGB: the picture (RGB) with every Reading in it."""
    width, height = picture.size
    scale = min(max(1, SHORTEST / min(width, height)), LONGEST / max(width, height))
    image = picture.resize([max(1, round(side * scale)) for side in picture.size])
    size = max(14, max(image.size) // 64)
    font = ImageFont.truetype(Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)
    draw = ImageDraw.Draw(image)
    boxes = [[round(v * scale) for v in (x, y, x + w, y + h)]
             for x, y, w, h in (reading.box for reading in readings)]
    for reading, box in zip(readings, boxes):
        draw.rectangle(box, outline="white", width=size // 3)
        draw.rectangle([box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1], width=size // 5,
                       outline=colour_of_reading(reading))
    taken, left_over = list(boxes), []
    for number, (reading, box) in enumerate(zip(readings, boxes), 1):
        text = "\n".join(words(reading))
        place = room_for(extent(draw, text, font), box, image.size, taken)
        if place is None:
            left_over.append((number, reading))
            label(draw, box[:2], str(number), font, colour_of_reading(reading))
        else:
            taken.append(label(draw, place, text, font, colour_of_reading(reading)))
    return with_lines_below(image, left_over, font) if left_over else image


def colour_of_reading(reading):
    """Grey for what is unsure; else the expression's own, by its place for a class of one's own."""
    if reading.unsure:
        return UNSURE
    place = list(reading.probabilities).index(reading.expression) % len(COLOURS)
    return COLOURS.get(reading.expression, list(COLOURS.values())[place])


def words(reading):
    """What a label says: the three most probable classes."""
    return ["unsure"] * reading.unsure + [f"{name} {p:.2f}" for name, p in reading.likeliest()]


def extent(draw, text, font):
    """(width, height) of a label."""
    _, _, right, bottom = draw.multiline_textbbox((0, 0), text, font)
    return round(right) + 2 * GAP, round(bottom) + 2 * GAP


def room_for(extent, box, size, taken):
    """(x, y) of a label near its box: the first place inside the picture that overlaps nothing."""
    (w, h), (left, top, right, bottom) = extent, box
    along_x, along_y = (max(0, min(start, length - extent)) for start, length, extent in
                        ((left, size[0], w), (top, size[1], h)))
    for x, y in ((along_x, bottom + GAP), (along_x, top - GAP - h),
                 (right + GAP, along_y), (left - GAP - w, along_y)):
        inside = 0 <= x <= size[0] - w and 0 <= y <= size[1] - h
        if inside and not any(x < r and l < x + w and y < b and t < y + h for l, t, r, b in taken):
            return x, y


def label(draw, place, text, font, colour):
    """Text on a field of a colour, in black or white, what contrasts more; returns its box."""
    (x, y), (w, h) = place, extent(draw, text, font)
    box = [x, y, x + w, y + h]
    draw.rectangle(box, fill=colour, outline="white")
    draw.multiline_text((x + GAP, y + GAP), text, ink(colour), font)
    return box


def ink(colour):
    """Black or white, whichever contrasts more with a colour: at least 4.58 to 1 for any."""
    return "black" if luminance(colour) > 0.179 else "white"


def luminance(colour):
    """Relative luminance of an sRGB colour, as WCAG 2 defines it: 0 for black, 1 for white."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
              for v in (c / 255 for c in ImageColor.getrgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def with_lines_below(image, numbered, font):
    """The picture on a taller canvas, with a line for each (number, Reading) under it."""
    draw = ImageDraw.Draw(image)
    texts = [f"{number}  {', '.join(words(reading))}" for number, reading in numbered]
    extents = [extent(draw, text, font) for text in texts]
    width = max(image.width, *(w + GAP for w, _ in extents))
    places, x, y = [], GAP, image.height + GAP
    for w, h in extents:
        if x > GAP and x + w > width:
            x, y = GAP, y + h + GAP
        places.append((x, y))
        x += w + GAP
    canvas = Image.new("RGB", (width, y + extents[-1][1] + GAP), "white")
    canvas.paste(image)
    draw = ImageDraw.Draw(canvas)
    for place, text, (_, reading) in zip(places, texts, numbered):
        label(draw, place, text, font, colour_of_reading(reading))
    return canvas
