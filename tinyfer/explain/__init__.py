"""Which pixels a prediction hangs on, and whether such maps mean anything.

    saliency.py         the maps, by one of METHODS
    score.py            the number F that is explained, and its gradient
    methods.py          gradient, gradient*input, SmoothGrad, integrated gradients, Grad-CAM, guided
                        backpropagation, occlusion
    randomisation.py    is it about the network? randomise the layers, and see whether maps notice
    audit.py            is it about F, and is it right? deletion, a planted patch; and all tests
    regions.py          eyes, mouth and other parts, covered in turn, in words

docs/saliency.md shows what came out.
"""

from tinyfer.explain.audit import area, audit, deletion, planted_patch, share_at
from tinyfer.explain.randomisation import randomisation
from tinyfer.explain.saliency import METHODS

__all__ = ["METHODS", "area", "audit", "deletion", "planted_patch", "randomisation", "share_at"]
