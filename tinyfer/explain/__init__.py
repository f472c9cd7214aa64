"""Which pixels a prediction hangs on, and whether such maps mean anything.

    saliency.py         the maps, by one of METHODS
    score.py            the number F that is explained, and its gradient
    gradients.py        gradient, gradient*input, SmoothGrad, integrated gradients
    layerwise.py        Grad-CAM and guided backpropagation: layer by layer
    occlusion.py        covering squares, or parts of a face
    geometry.py         where a unit of a convolution stands
    randomisation.py    is it about the network? randomise the layers, and see whether maps notice
    faithfulness.py     is it about F? delete and insert pixels in the order of a map
    regions.py          eyes, mouth and other parts, covered in turn, in words

docs/saliency.md shows what came out.
"""

from tinyfer.explain.saliency import METHODS

__all__ = ["METHODS"]
