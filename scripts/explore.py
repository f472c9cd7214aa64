"""`tinyfer explore`, from a clone: see tinyfer/commands/explore.py."""

import sys

from tinyfer.commands.explore import main

if __name__ == "__main__":
    sys.exit(main())
