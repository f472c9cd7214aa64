"""`tinyfer evaluate`, from a clone: see tinyfer/commands/evaluate.py."""

import sys

from tinyfer.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
