"""`tinyfer watch`, from a clone: see tinyfer/commands/watch.py."""

from tinyfer.commands.watch import main

raise SystemExit(main())
