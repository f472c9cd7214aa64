"""The command reproduce of a clone: see lab/study/reproduce.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lab"))

from study.reproduce import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
