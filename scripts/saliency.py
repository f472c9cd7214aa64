"""`tinyfer saliency`, from a clone: see tinyfer/commands/saliency.py."""

from tinyfer.commands.saliency import main

raise SystemExit(main())
