"""`tinyfer NAME ...` and `python -m tinyfer NAME ...`: one of the commands of tinyfer/commands/."""

import difflib
import importlib
import sys

import tinyfer

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
        print(f"tinyfer {tinyfer.__version__}")
        return 0
    if name in ("-h", "--help"):
        print("usage: tinyfer NAME ...\n")
        for command, what in COMMANDS.items():
            print(f"  {command:<10} {what}")
        print("\ntinyfer NAME --help lists the options of a command; tinyfer --version the version")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
        print(f"error: there is no command {name[:60]!r}; {hint}", file=sys.stderr)
        return 2
    sys.argv[0] = f"tinyfer {name}"         # what the usage of a command begins with
    return importlib.import_module(f"tinyfer.commands.{name}").main(arguments)


if __name__ == "__main__":
    sys.exit(main())
