"""Where a unit of a convolution stands in the picture; it follows from the layers alone.

A 3x3 convolution without padding moves the first unit of its map one step inwards; a 2x2 pool
doubles the distance between two units. Chapters 6 and 7 of the course.
"""

from tinyfer.core.layers import Conv2D, MaxPool2D


def unit_places(layers):
    """(first, step, size): unit i of the map behind `layers` depends on the `size` x `size` pixels
    whose middle is pixel first + step i, alike for rows and columns."""
    first, step, size = 0.0, 1, 1
    for layer in layers:
        if isinstance(layer, Conv2D):
            first += step
            size += 2 * step
        elif isinstance(layer, MaxPool2D):
            first += step / 2
            size += step
            step *= 2
    return first, step, size


def convolutions(model):
    """The place in model.layers of every convolution, by its name "conv1", "conv2", ..."""
    places = [i for i, layer in enumerate(model.layers) if isinstance(layer, Conv2D)]
    return {f"conv{number}": i for number, i in enumerate(places, 1)}
