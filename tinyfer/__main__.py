"""`tinyfer NAME ...` and `python -m tinyfer NAME ...`: one of the commands of tinyfer/commands/."""

import difflib
import importlib
import sys

import tinyfer
from tinyfer.commands import cli

COMMANDS = {
    "train": "train the network on FER-2013, drawn faces or pictures of your own",
    "predict": "find the faces in photographs and read their expressions",
    "watch": "follow the faces of a film or a camera, and read them frame by frame",
    "evaluate": "score a network: text, pictures and a page for the browser",
    "saliency": "which pixels the reading of a face hangs on",
    "explore": "look at the data before training",
    "play": "see inside a network: a page in the browser",
    "doctor": "what a bug report needs: versions, processor, threads, caches, data",
}


def main(argv=None):
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name == "--version":
        return say(f"tinyfer {tinyfer.__version__}")
    if name in ("-h", "--help"):
        lines = [f"  {command:<10} {what}" for command, what in COMMANDS.items()]
        return say("usage: tinyfer NAME ...\n", *lines,
                   "\ntinyfer NAME --help lists the options of a command; tinyfer --version the "
                   "version")
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
        return cli.fail(f"there is no command {name[:60]!r}; {hint}")
    sys.argv[0] = f"tinyfer {name}"         # what the usage of a command begins with
    return importlib.import_module(f"tinyfer.commands.{name}").main(arguments)


def say(*lines):
    """Print lines; the exit code, which is not 0 where they cannot be."""
    return cli.main(print, lambda _: "\n".join(lines), None)


if __name__ == "__main__":
    sys.exit(main())
