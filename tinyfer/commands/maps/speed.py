"""--speed: gradient maps of a test part against a training epoch, timed in turns."""

import statistics
import time

from tinyfer.core.kernels.threads import set_threads
from tinyfer.core.losses import softmax_cross_entropy
from tinyfer.core.networks import six_layer_cnn
from tinyfer.core.optim import Adam
from tinyfer.data import draw_faces, select_classes
from tinyfer.data.augment import augment
from tinyfer.explain.saliency import saliency
from tinyfer.training.runs import describe_threads

ROUNDS = 15
TEST_IMAGES, TRAINING_IMAGES = 3589, 20395      # the study's five classes train on the latter


def speed(given):
    """Print and return the table: ([], {"speed": ...}).

    A turn is one batch of gradient maps and one training step on as many faces; the medians are
    multiplied up to the images of the test part and of an epoch.
    """
    size, threads = given.batch_size, set_threads(given.threads)
    data = select_classes(draw_faces(2 * size, seed=given.seed), 5)[:size]
    model = six_layer_cnn(classes=5, seed=given.seed, class_names=data.class_names)
    optimizer = Adam(model.parameters())
    seconds = {"maps": [], "step": []}

    def step():
        logits = model.forward(augment(data.faces, model.rng), training=True)
        _, dlogits = softmax_cross_entropy(logits, data.labels)
        model.backward(dlogits)
        optimizer.step()

    turns = {"maps": lambda: saliency(model, data.faces, batch_size=size), "step": step}
    for round_number in range(ROUNDS + 1):
        for name, turn in turns.items():
            start = time.perf_counter()
            turn()
            if round_number:        # the first one compiles, and warms up
                seconds[name].append(time.perf_counter() - start)
    maps, epoch = (statistics.median(seconds[name]) * images / size for name, images
                   in (("maps", TEST_IMAGES), ("step", TRAINING_IMAGES)))
    ratios = sorted(TEST_IMAGES / TRAINING_IMAGES * m / s
                    for m, s in zip(seconds["maps"], seconds["step"]))
    print(f"gradient maps of {TEST_IMAGES:,} images: {maps:.1f} s\n"
          f"training epoch of {TRAINING_IMAGES:,} images: {epoch:.1f} s")
    text = (f"maps of {TEST_IMAGES:,} images / training epoch of {TRAINING_IMAGES:,} images: "
            f"{statistics.median(ratios):.2f}\n(median of {ROUNDS} turns, from {ratios[0]:.2f} to "
            f"{ratios[-1]:.2f}; {describe_threads(threads)})")
    print(text)
    return [], {"speed": f"```text\n{text}\n```"}
