"""See inside a network: a page in the browser where it answers as one plays.

    python scripts/play.py                  the packaged networks
    python scripts/play.py runs/run         and the one just trained

The page is served to this machine only, and to nobody without the address that is printed. Nothing
is sent elsewhere and nothing is kept: pictures stay on this machine. Ctrl-C ends it. There is no
--threads: an answer is computed by one, the quickest for a single face.
"""

import os
import threading
import webbrowser
from argparse import RawDescriptionHelpFormatter

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
        help=f"where to listen, where it is free; else any port, as for 0 (default {PORT})")
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
    try:
        print("Loading (the first time takes a minute: kernels are compiled).", flush=True)
        questions.warm_up()
        print(f"The page is at  {server.address}\nCtrl-C closes it.", flush=True)
        if not given.no_browser:
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nClosed.", flush=True)
        os._exit(0)     # at once: nothing is to be saved, and no thread to be waited for
