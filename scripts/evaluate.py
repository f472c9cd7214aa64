"""`tinyfer evaluate`, from a clone: see tinyfer/commands/evaluate.py."""

import sys

from tinyfer.commands.evaluate import main

sys.exit(main())
