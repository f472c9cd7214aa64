"""`tinyfer play`, from a clone: see tinyfer/commands/play.py."""

import sys

from tinyfer.commands.play import main

sys.exit(main())
