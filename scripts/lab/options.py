"""What the command lines of the laboratory share."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.core.inference import CROPS

OPTIONS = {
    "networks": dict(nargs="+", metavar="NETWORK",
                     help="packaged weights by name, a model file or a run folder"),
    "--faces": dict(required=True, metavar="ZIP", help="faces.zip"),
    "--data": dict(metavar="PATH", help="FER-2013 (default: TINYFER_DATA, else ./data)"),
    "--crops": dict(type=int, choices=tuple(CROPS), default=1,
                    help="windows and mirror images averaged for each face (default %(default)s)"),
    "--seed": dict(type=cli.at_least(0), default=0, metavar="N",
                   help="of everything random (default 0)"),
    "--fill": dict(type=Path, metavar="PAGE", help="put the tables into their places in this page"),
    "--threads": cli.THREADS,
}


def parser(description, *names, **defaults):
    """A parser with those of OPTIONS, some of them by other defaults."""
    made = cli.parser(description, formatter_class=RawDescriptionHelpFormatter)
    for name in names:
        made.add_argument(name, **OPTIONS[name])
    made.set_defaults(**defaults)
    return made
