"""Single faces and their maps: one picture, a row for each face, and what it hangs on in words."""

import os
from pathlib import Path

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.maps import pictures
from tinyfer.commands.progress import Line
from tinyfer.data.faces import blank
from tinyfer.data.pictures import grey_of
from tinyfer.explain.regions import in_words, without_parts
from tinyfer.explain.saliency import METHODS, saliency
from tinyfer.photo.reading import list_pictures, read_photo
from tinyfer.storage.arrays import save_arrays

FACES = 5
SIDE = 192          # pixels of a photograph's face in the picture


def panel_of_pictures(given, model, folder):
    """A panel of the faces in the pictures given: (names of files, the exit code).

    The class explained is the one that predict names. What cannot be read is noted, and the rest
    goes on."""
    found, failed = [], None
    for path in [path for image in given.images for path in list_pictures(image)]:
        try:
            with cli.notes(path):
                grey, readings = grey_of(path), read_photo(path, model, given.box, given.whole)
            if not readings:
                raise ValueError("no face found (--box or --whole would say where it is)")
            for number, reading in enumerate(readings, 1):
                if blank(reading.crop[None]).any():
                    raise ValueError("the face is of a single grey: nothing in it to explain")
                x, y, w, h = reading.box
                face = grey.resize((SIDE, SIDE), box=(x, y, x + w, y + h), reducing_gap=2)
                found.append((f"{Path(path).name[:20]}, {number}", np.asarray(face), reading))
        except (ValueError, OSError) as error:
            failed = ValueError(error if os.fspath(path) in str(error) else f"{path}: {error}")
            if len(given.images) > 1 or os.path.isdir(given.images[0]):
                cli.note(failed)
    if not found:
        raise failed
    names = model.class_names
    sentences = []
    for head, _, reading in found:
        covered = without_parts(model, reading.crop)
        words = in_words(given.target or reading.expression, reading.probabilities, covered, names)
        sentences.append(f"{cli.printable(head)}: {words}")
        print(sentences[-1])
    _, faces, readings = zip(*found)
    targets = [given.target or reading.expression for reading in readings]
    captions = [f"{target} {reading.probabilities[target]:.2f}" + " (unsure)" * reading.unsure
                for target, reading in zip(targets, readings)]
    crops = np.stack([reading.crop for reading in readings])
    maps = maps_of(given, model, crops, targets, captions)
    pictures.panel(faces, maps, captions, sentences, folder / "panel.png", given.signed, True)
    return keep(folder, model, crops, maps), int(failed is not None)


def panel_of_part(given, model, part, folder):
    """A panel of one face of each class in turn, drawn with --seed."""
    order = np.random.default_rng(given.seed).permutation(len(part))
    turn = np.empty(len(part), int)
    for label in range(len(part.class_names)):
        members = order[part.labels[order] == label]
        turn[members] = np.arange(len(members)) * len(part.class_names) + label
    chosen = part[np.argsort(turn)[:given.faces or FACES]]
    targets = [given.target] * len(chosen) if given.target else [
        model.class_names[k] for k in model.predict(chosen.faces)]
    captions = [f"{target}, true: {part.class_names[label]}"
                for target, label in zip(targets, chosen.labels)]
    maps = maps_of(given, model, chosen.faces, targets, captions)
    pictures.panel(chosen.faces, maps, captions, [""] * len(chosen), folder / "panel.png",
                   given.signed, bool(given.overlay))
    return keep(folder, model, chosen.faces, maps)


def maps_of(given, model, faces, targets, captions):
    """The maps of these faces by every method; says where one is 0 everywhere."""
    maps = all_maps(given, model, faces, targets, bool(given.overlay or given.images))
    for method, values in maps.items():
        for caption, value in zip(captions, values):
            if not value.any():
                print(f"{method} is 0 everywhere for {' '.join(caption.split())}: nothing in it "
                      "speaks for the class")
    return maps


def keep(folder, model, faces, maps):
    """Write panel.npz; returns the names of the panel's two files."""
    save_arrays(folder / "panel.npz", dict(
        faces=faces, probabilities=model.predict_proba(faces),
        **{f"maps_{plain(method)}": values for method, values in maps.items()}), compressed=True)
    return ["panel.png", "panel.npz"]


def all_maps(given, model, faces, target, overlay=False):
    """{method: maps} of the methods asked for, with a progress line. In an overlay, shares of F
    keep their signs, by red and blue."""
    maps = {}
    for method in given.method:
        line, signed = Line(), given.signed or (overlay and METHODS[method].shares_of_f)
        maps[method] = saliency(
            model, faces, target, method, given.of, signed,
            progress=lambda done, total: line(done, total, f"{method}, inputs"))
        line.done(f"{method}: {len(faces):,} maps")
    return maps


def plain(method):
    """A method's name as part of a file's name."""
    return method.replace("*", "-")
