"""`tinyfer play`, from a clone: see tinyfer/commands/play.py."""

from tinyfer.commands.play import main

raise SystemExit(main())
