"""`tinyfer train`, from a clone: see tinyfer/commands/train.py."""

import sys

from tinyfer.commands.train import main

sys.exit(main())
