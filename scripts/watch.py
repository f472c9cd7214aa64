"""`tinyfer watch`, from a clone: see tinyfer/commands/watch.py."""

import sys

from tinyfer.commands.watch import main

sys.exit(main())
