"""`tinyfer evaluate`, from a clone: see tinyfer/commands/evaluate.py."""

from tinyfer.commands.evaluate import main

raise SystemExit(main())
