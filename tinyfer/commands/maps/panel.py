"""Single faces and their maps: one picture, rows of methods."""

from pathlib import Path

import numpy as np

from tinyfer.commands.maps import pictures
from tinyfer.commands.maps.maps import all_maps, plain, save
from tinyfer.data.faces import blank
from tinyfer.data.pictures import face_of, grey_of, open_image
from tinyfer.photo.reading import faces_to_read

FACES = 5


def panel_of_pictures(given, model, options, folder):
    """A panel of the faces in the picture files given."""
    faces, heads = [], []
    for path in given.images:
        grey = grey_of(open_image(path))
        places = faces_to_read(grey, given.box, given.whole)
        if not places:
            print(f"{path}: no face found (--box or --whole would say where it is)")
        for number, place in enumerate(places, 1):
            face = face_of(grey, place.box)
            if blank(face[None]).any():
                raise ValueError(f"{path} is of a single grey: there is nothing in it to explain")
            faces.append(face)
            heads.append(Path(path).name[:16] + (f", {number}" if len(places) > 1 else ""))
    if not faces:
        raise ValueError("no face was found in the pictures given")
    return panel(given, model, np.stack(faces), heads, options, folder, "your pictures")


def panel_of_part(given, model, part, options, folder):
    """A panel of one face of each class in turn, drawn with --seed."""
    order = np.random.default_rng(given.seed).permutation(len(part))
    turn = np.empty(len(part), int)
    for label in range(len(part.class_names)):
        members = order[part.labels[order] == label]
        turn[members] = np.arange(len(members)) * len(part.class_names) + label
    chosen = part[np.argsort(turn)[:given.faces or FACES]]
    heads = [f"true: {part.class_names[label]}" for label in chosen.labels]
    return panel(given, model, chosen.faces, heads, options, folder, part.source)


def panel(given, model, faces, heads, options, folder, source):
    """Write panel.png and panel.npz; returns their names."""
    p = model.predict_proba(faces)
    lines = [f"{head}\n{model.class_names[q.argmax()]} {q.max():.2f}" for head, q in zip(heads, p)]
    maps = all_maps(given, model, faces, options, given.signed)
    title = (f"{source}: saliency of the\n{given.of} of "
             f"{given.target or 'the class predicted, over each face'}")
    pictures.panel(faces, maps, lines, folder / "panel.png", given.signed, given.overlay,
                   title)
    save(folder / "panel.npz", faces=faces, probabilities=p,
         **{f"maps_{plain(method)}": values for method, values in maps.items()})
    return ["panel.png", "panel.npz"]
