"""See inside a network: a page in the browser where it answers as one plays.

    python scripts/play.py                  the packaged networks
    python scripts/play.py runs/run         and the one just trained

The page is served to this machine only, and to nobody without the address that is printed. Nothing
is sent elsewhere and nothing is kept: pictures stay on this machine. Ctrl-C ends it. There is no
--threads: an answer is computed by one, the quickest for a single face.
"""

import os
import tempfile
import threading
import webbrowser
from argparse import RawDescriptionHelpFormatter
from pathlib import Path

from tinyfer.commands import cli
from tinyfer.page.picture import take_picture
from tinyfer.page.questions import Questions
from tinyfer.page.server import listen

PORT = 8048


def parse(argv):
    parser = cli.parser(__doc__, formatter_class=RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("networks", nargs="*", metavar="RUN_OR_FILE",
        help="run folders (their best.npz is taken) or model files to offer beside the packaged "
        "networks")
    add("--port", type=cli.at_least(0, 65_535), default=PORT, metavar="N",
        help=f"where to listen: this port or the next free one, 0 for any (default {PORT})")
    add("--no-browser", action="store_true", help="print the address, and open no browser")
    add("--picture", metavar="FILE",
        help="instead of showing the page, write a moving picture of it, WebP or GIF (needs "
        "Chromium and the browser extra)")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(play, parse, argv)


def play(given):
    if given.picture:
        return take_picture(given.picture)
    questions = Questions(given.networks)
    server = listen(given.port, questions)
    door = None
    try:
        print("Loading (the first time takes a minute: kernels are compiled).", flush=True)
        questions.warm_up()
        print(f"The page is at  {server.address}\nCtrl-C closes it.", flush=True)
        if not given.no_browser:
            door = write_door(server.address)
            threading.Thread(target=webbrowser.open, args=(door.as_uri(),), daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nClosed.", flush=True)
        if door:
            door.unlink(missing_ok=True)
        os._exit(0)     # at once: nothing is to be saved, and no thread to be waited for


def write_door(address):
    """A file that only its owner can read, and that leads a browser to the address.

    Started with the address itself, the browser would show it to every user of the machine: it
    stands in the list of processes.
    """
    file, path = tempfile.mkstemp(".html", "tinyfer-")      # of mode 0600
    with open(file, "w", encoding="ascii") as page:
        page.write(f'<meta http-equiv="refresh" content="0; url={address}">\n')
    return Path(path)
