"""The ladder as data: each rung is one training, and differs from the one below in one thing."""

from dataclasses import dataclass, replace
from functools import partial

from ablations.networks import hidden, linear, six_layers, two_convolutions

from tinyfer.data.augment import NO_AUGMENTATION, SHIFT_AND_FLIP, Augmentation
from tinyfer.training.recipes import BEST, STUDY, Recipe


@dataclass(frozen=True)
class Rung:
    """name; below: the name of the rung it is compared with; idea: what it adds, in words;
    network: a function of rungs.networks; balance: "weights" for class weights; crops: of the
    prediction. A rung without a recipe trains nothing: it predicts with the network below.
    """

    name: str
    below: str | None
    idea: str
    network: object
    recipe: Recipe | None
    balance: str = "none"
    crops: int = 1


# The lower rungs: few epochs, at a rate ten times the study's, and pictures of the 44 rows and
# columns that the six-layer network sees.
SHORT = Recipe(epochs=6, batch_size=64, lr=1e-3, augmentation=NO_AUGMENTATION)
SEEN = replace(SHORT, crop=44)
# Of whole faces, of which the network sees the same 44: a crop of them would lie about the middle.
MIRROR = replace(SHORT, augmentation=Augmentation(horizontal_flip=0.5))
MOVED = replace(SEEN, augmentation=SHIFT_AND_FLIP)
PLAIN = partial(six_layers, norm=False, dropout=False)
NORM = partial(six_layers, dropout=False)

LOWER = (
    Rung("linear", None, "a linear classifier", linear, SHORT),
    Rung("hidden", "linear", "one hidden dense layer", hidden, SHORT),
    Rung("two-convolutions", "hidden", "two convolutions", two_convolutions, SHORT),
    Rung("six-plain", "two-convolutions", "six convolutions, without batch norm", PLAIN, SEEN),
    Rung("six-norm", "six-plain", "batch norm", NORM, SEEN),
    Rung("mirror", "six-norm", "mirror images", NORM, MIRROR),
    Rung("shift", "mirror", "shifts", NORM, MOVED),
    Rung("dropout", "shift", "dropout: the study's network", six_layers, MOVED),
    Rung("class-weights", "dropout", "class weights", six_layers, MOVED, "weights"),
    Rung("sgd", "six-norm", "gradient descent at 0.05 in place of Adam", NORM,
         replace(SEEN, optimizer="sgd", lr=0.05)),
    Rung("momentum", "sgd", "momentum of 0.9, at 0.01", NORM,
         replace(SEEN, optimizer="sgd", lr=0.01, momentum=0.9)),
    Rung("tiny-weights", "six-plain", "weights drawn too small (deviation 0.01)",
         partial(PLAIN, spread=0.01), SEEN),
    Rung("tiny-weights-norm", "six-norm", "weights drawn too small, with batch norm",
         partial(NORM, spread=0.01), SEEN),
)

# The upper rungs: the study's network, from the study's recipe to the best.
BASE = replace(STUDY, epochs=20, crop=44)
CYCLE = replace(BASE, schedule="one-cycle", lr=1e-3)
LARGER = replace(CYCLE, batch_size=128, lr=2e-3)
DECAY = replace(LARGER, weight_decay=0.05)
SMOOTH = replace(DECAY, label_smoothing=0.1)
TURNED = replace(SMOOTH, augmentation=Augmentation(rotation=11, scale=0.12, shift=3,
                                                   horizontal_flip=0.5))
LIT = replace(TURNED, augmentation=BEST.augmentation)
MEAN = replace(LIT, ema=0.999)

UPPER = (
    Rung("study", None, "the study's recipe", six_layers, BASE),
    Rung("constant", "study", "a rate ten times as large, 1e-3", six_layers,
         replace(BASE, lr=1e-3)),
    Rung("cosine", "constant", "a rate that falls from there to 0", six_layers,
         replace(BASE, schedule="cosine", lr=1e-3)),
    Rung("one-cycle", "cosine", "a rate that rises before it falls", six_layers, CYCLE),
    Rung("batch-128", "one-cycle", "batches of 128, at 2e-3", six_layers, LARGER),
    Rung("decay", "batch-128", "decoupled decay of 0.05", six_layers, DECAY),
    Rung("smoothing", "decay", "labels smoothed by 0.1", six_layers, SMOOTH),
    Rung("affine", "smoothing", "rotation, scale, crops", six_layers, TURNED),
    Rung("light", "affine", "brightness and contrast", six_layers, LIT),
    Rung("shear", "light", "shear", six_layers,
         replace(LIT, augmentation=replace(LIT.augmentation, shear=0.1))),
    Rung("erase", "light", "erased rectangles", six_layers,
         replace(LIT, augmentation=replace(LIT.augmentation, erase=0.5))),
    Rung("mixing", "light", "blended pairs (alpha 0.2)", six_layers, replace(LIT, mixup=0.2)),
    Rung("averaging", "light", "a running mean of the weights", six_layers, MEAN),
    Rung("best-80", "averaging", "longer training", six_layers, BEST),
    Rung("crops-80", "best-80", "18 crops averaged", six_layers, None, crops=18),
)
RUNGS = {rung.name: rung for rung in LOWER + UPPER}
