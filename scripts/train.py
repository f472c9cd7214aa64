"""`tinyfer train`, from a clone: see tinyfer/commands/train.py."""

from tinyfer.commands.train import main

raise SystemExit(main())
