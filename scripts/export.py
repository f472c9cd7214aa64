"""The command export of a clone: see lab/exporting/export.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lab"))

from exporting.export import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
