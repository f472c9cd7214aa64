"""`tinyfer predict`, from a clone: see tinyfer/commands/predict.py."""

import sys

from tinyfer.commands.predict import main

sys.exit(main())
