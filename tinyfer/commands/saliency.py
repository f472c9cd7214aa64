"""Show which pixels a network's predictions hang on.

    python scripts/saliency.py reading.jpg holiday/         the faces of your own pictures
    python scripts/saliency.py reading.jpg --method all
    python scripts/saliency.py                              faces of the test part, at once

Of a photograph's faces the expression is explained that predict names, first in words: each part of
the face is covered in turn, and the network asked again. docs/saliency.md tells what the maps of
each method are worth.

Without IMAGE the faces come from the test part of the data that the network was trained on (--data,
TINYFER_DATA, ./data) or, where there are none, are drawn. Pictures (.png) and numbers (.npz, .json)
go to --out; panels hold the faces, so keep those of FER-2013 to yourself.
"""

import argparse
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.commands.panel import FACES, panel_of_part, panel_of_pictures
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data import CLASS_SETS, draw_faces, find_data, select_classes
from tinyfer.data.faces import blank
from tinyfer.explain import METHODS
from tinyfer.photo import reading
from tinyfer.training.evaluation import parts_of
from tinyfer.training.runs import open_run

DEFAULT = "five-class-study"
DRAWN = 700
OF_PICTURES = ["occlusion", "smoothgrad"]       # methods of a photograph: plain to see, and smooth


def parse(argv):
    parser = cli.parser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("images", nargs="*", metavar="IMAGE", help="picture files or folders, as for predict")
    add("--model", metavar="RUN_OR_FILE", help="a run folder (its best.npz is "
        f"taken), a model file, or packaged weights by name (default "
        f"{reading.DEFAULT} for an IMAGE, as predict.py; else {DEFAULT})")
    add("--data", metavar="PATH", help="FER-2013: archive.zip, its folder, or the csv file")
    add("--drawn", type=cli.at_least(14), metavar="N", help="N drawn faces even if FER-2013 is at "
        f"hand (default {DRAWN:,} where it is not)")
    cli.add_place(parser)
    add("--method", type=cli.one_of((*METHODS, "all"), "method"), metavar="A,B,...",
        help=f"some of {', '.join(METHODS)}; or all (default {','.join(OF_PICTURES)} for an IMAGE, "
        "else gradient, the study's)")
    add("--target", metavar="CLASS", help="the class to explain (default: the one predicted)")
    add("--faces", type=cli.at_least(1), metavar="N", help="faces in the panel, one of each class "
        f"in turn (default {FACES})")
    add("--seed", type=int, default=0, metavar="N", help="which faces (default 0)")
    cli.add_output(parser, "runs/saliency")
    cli.add_threads(parser)
    given = parser.parse_args(argv)
    given.out = Path(given.out or "runs/saliency")
    given.method = given.method or (OF_PICTURES if given.images else ["gradient"])
    if "all" in given.method:
        given.method = sorted(METHODS, key=lambda name: name != "occlusion")
    given.model = given.model or (reading.DEFAULT if given.images else DEFAULT)
    return given


def main(argv=None):
    return cli.main(run, parse, argv)


def run(given):
    cli.check_output(given.out, given.force)
    set_threads(given.threads)
    refuse_what_does_not_fit(given)
    cli.note_first_start()
    model, part = network_and_faces(given)
    code = (panel_of_pictures(given, model) if given.images else
            panel_of_part(given, model, part))
    print(f"panel.png and panel.npz are in {cli.printable(given.out)}")
    return code


def refuse_what_does_not_fit(given):
    for name in ("box", "whole"):
        if getattr(given, name) and not given.images:
            raise ValueError(f"--{name} says where the face is in an IMAGE, but none is given")
    for name in ("data", "drawn", "faces"):
        if getattr(given, name) is not None and given.images:
            raise ValueError(f"--{name} is for faces of a data set, not for pictures of your own")


def network_and_faces(given):
    """The model, and the part its faces come from (None for pictures of the user's own)."""
    run = open_run(given.model)
    if given.images:
        cli.warn_of_drawn_faces(run)
        return run.model, None
    if given.drawn or not (find_data(given.data) or data_of(run)):
        if not given.drawn:
            print("NO FER-2013 HERE: these are faces that tinyfer draws itself.")
        return run.model, drawn(run.model.class_names, given.seed, given.drawn or DRAWN)
    part = parts_of(run, given.data, reading.largest_face)[0].test
    return run.model, part[~blank(part.faces)]


def data_of(run):
    """Where the data of a run folder are, if they are still there; else None."""
    data = run.config.data if run.folder else None
    return data if data and Path(data).exists() else None


def drawn(class_names, seed, count):
    """Drawn faces of the network's classes."""
    for classes, members in CLASS_SETS.items():
        if tuple(members) == tuple(class_names):
            return select_classes(draw_faces(count, seed=seed + 1), classes)
    raise ValueError(f"cannot draw faces for the classes {', '.join(class_names)}")
