"""`tinyfer explore`, from a clone: see tinyfer/commands/explore.py."""

import sys

from tinyfer.commands.explore import main

sys.exit(main())
