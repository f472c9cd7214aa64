"""`tinyfer predict`, from a clone: see tinyfer/commands/predict.py."""

from tinyfer.commands.predict import main

raise SystemExit(main())
