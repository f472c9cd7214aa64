"""--mean-maps: where the maps of each class lie on the mean face, and how much of them."""

import numpy as np

from tinyfer.commands.maps import pictures
from tinyfer.commands.maps.maps import all_maps, plain, save
from tinyfer.commands.maps.tables import share_table
from tinyfer.explain.randomisation import random_copy
from tinyfer.explain.regions import column, region_masks
from tinyfer.explain.saliency import saliency

UNTRAINED_FACES = 500           # for the mean map of a random network


def mean_maps(given, model, part, options, folder):
    """The mean map of the faces predicted to be of each class, of all, and of a random network:
    (names of the files written, {"mean-maps METHOD": its table})."""
    predicted = model.predict(part.faces)
    groups = {name: predicted == k for k, name in enumerate(part.class_names)}
    for name in [name for name, group in groups.items() if not group.any()]:
        print(f"{name} is predicted for none of these {len(part):,} faces: it has no mean map")
        del groups[name]
    masks, untrained = region_masks(part.source), random_copy(model, given.seed)
    few = part.faces[np.random.default_rng(given.seed).permutation(len(part))[:UNTRAINED_FACES]]
    everyone = part.faces.mean(axis=0)
    mean_faces = [part.faces[group].mean(axis=0) for group in groups.values()] + 2 * [everyone]
    files, tables = [], {}
    for method, maps in all_maps(given, model, part.faces, options, False).items():
        random = saliency(untrained, few, given.target, method, given.of, False, given.batch_size,
                          **options[method])
        columns = [column(name, maps[group], masks) for name, group in groups.items()]
        columns += [column("all", maps, masks), column("random network", random, masks)]
        stem = f"mean-maps-{plain(method)}"
        table = share_table(columns, masks, columns[-2])
        tables[stem] = f"```text\n{table}\n```"
        print(f"\n{method}: share of saliency (%)\n{table}\n")
        means = np.stack([c.mean for c in columns])
        pictures.mean_maps(
            mean_faces, means, [c.name for c in columns], masks,
            [f"{c.count:,} faces\neyes {100 * c.share['eyes']:.0f} %, "
             f"mouth {100 * c.share['mouth']:.0f} %" for c in columns],
            folder / f"{stem}.png", given.overlay,
            f"{part.source}, test part: mean saliency ({method}) of the {given.of} of "
            f"{given.target or 'the class predicted'}")
        save(folder / f"{stem}.npz", mean_faces=np.stack(mean_faces), mean_maps=means,
             names=np.array([c.name for c in columns]),
             **{f"share_{name}": np.array([c.share[name] for c in columns]) for name in masks})
        files += [f"{stem}.png", f"{stem}.npz"]
    return files, tables
