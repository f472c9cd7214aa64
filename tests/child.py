"""What a test needs of Python in a process of its own: other settings, forks, a sudden end."""

import os
import subprocess
import sys
from pathlib import Path

import tinyfer

PACKAGE = Path(tinyfer.__file__).parent
TESTS = Path(__file__).parent


def python(code, package=PACKAGE, minutes=2, **environment):
    """Run code with the tinyfer of `package`; a variable that is None is taken away.

    Returns what it printed; fails with its error messages if it does not end well in time.
    """
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(package.parent), str(TESTS)])}
    settings = {name: value for name, value in (settings | environment).items()
                if value is not None}
    # Python -c looks in the working folder first: this one holds the same package.
    done = subprocess.run([sys.executable, "-c", code], cwd=package.parent, env=settings,
                          capture_output=True, text=True, timeout=60 * minutes)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    assert done.stderr == ""
    return done.stdout
