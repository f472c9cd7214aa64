"""`tinyfer saliency`, from a clone: see tinyfer/commands/saliency.py."""

import sys

from tinyfer.commands.saliency import main

if __name__ == "__main__":
    sys.exit(main())
