"""`tinyfer play`, from a clone: see tinyfer/commands/play.py."""

import sys

from tinyfer.commands.play import main

if __name__ == "__main__":
    sys.exit(main())
