"""Where a unit of a feature map stands in the picture; it follows from the layers alone.

A 3x3 convolution without padding moves the first unit of its map one step inwards; a 2x2 pool
doubles the distance between two units. Chapters 6 and 7 of the course.
"""


def unit_places(layers):
    """(first, step, size): unit i of the map above `layers` depends on the `size` x `size` pixels
    whose middle is pixel first + step i, alike for rows and columns.

        first <- first + step ((kernel - 1) / 2 - padding)
        size <- size + step (kernel - 1)          step <- step stride

    ValueError where a layer does not say what its units depend on.
    """
    first, step, size = 0.0, 1, 1
    for layer in layers:
        if layer.kernel is None:
            raise ValueError(f"{layer} does not say which pixels its units depend on (its kernel, "
                             "stride and padding), so they have no place in the picture")
        first += step * ((layer.kernel - 1) / 2 - layer.padding)
        size += step * (layer.kernel - 1)
        step *= layer.stride
    return first, step, size


def convolutions(model):
    """The place in model.layers of every layer that convolves, by its name "conv1", "conv2", ...:
    its units depend on more than one pixel, by weights."""
    return {name: place for place, (name, layer) in enumerate(zip(model.names(), model.layers))
            if (layer.kernel or 0) > 1 and layer.parameters()}
