"""`tinyfer explore`, from a clone: see tinyfer/commands/explore.py."""

from tinyfer.commands.explore import main

raise SystemExit(main())
