"""`tinyfer watch`, from a clone: see tinyfer/commands/watch.py."""

import sys

from tinyfer.commands.watch import main

if __name__ == "__main__":
    sys.exit(main())
