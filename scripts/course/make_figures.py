"""Draws the figures of the course into docs/figures/.

    python scripts/course/make_figures.py              all of them
    python scripts/course/make_figures.py 02 04-win    those whose names start so
    python scripts/course/make_figures.py --list       their names only

A chapter's are the functions of figures/chNN.py: drawn_faces of ch01 draws 01-drawn-faces.png. They
show drawn faces, averages and plots, never a photograph.
"""

import argparse
import importlib
import sys
from inspect import isfunction
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "figures"


def all_figures():
    """Name -> function that returns a matplotlib Figure."""
    found = {}
    for path in sorted((Path(__file__).parent / "figures").glob("ch*.py")):
        module = importlib.import_module(f"figures.{path.stem}")
        found |= {f"{path.stem[2:]}-{name.replace('_', '-')}": function
                  for name, function in vars(module).items() if isfunction(function)
                  and function.__module__ == module.__name__ and name[0] != "_"}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of names; none means all")
    parser.add_argument("--list", action="store_true", help="print the names and draw nothing")
    arguments = parser.parse_args()
    figures = all_figures()
    chosen = [name for name in figures if name.startswith(tuple(arguments.names or [""]))]
    if not chosen:
        raise ValueError(f"no figure is called {' or '.join(arguments.names)}; "
                         f"there are {', '.join(figures)}")
    for name in chosen:
        try:
            if not arguments.list:
                save(figures[name](), FOLDER / f"{name}.png")
            print(name)
        except FileNotFoundError as missing:
            print(f"{name} is left as it is: {missing}", file=sys.stderr)


def save(figure, path):
    """As PNG; one that is large, for the noise of a photograph, with a palette."""
    figure.savefig(path)
    if path.stat().st_size > 500_000:
        picture = Image.open(path).convert("RGB")
        picture.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
