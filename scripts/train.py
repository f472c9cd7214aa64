"""`tinyfer train`, from a clone: see tinyfer/commands/train.py."""

import sys

from tinyfer.commands.train import main

if __name__ == "__main__":
    sys.exit(main())
