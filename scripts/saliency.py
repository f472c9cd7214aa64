"""`tinyfer saliency`, from a clone: see tinyfer/commands/saliency.py."""

import sys

from tinyfer.commands.saliency import main

sys.exit(main())
