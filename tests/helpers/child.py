"""What a test needs of Python in a process of its own: other settings, forks, a sudden end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import tinyfer

PACKAGE = Path(tinyfer.__file__).parent
ROOMS = [str(room) for room in sorted(Path(__file__).parents[1].iterdir()) if room.is_dir()]


def python(code, package=PACKAGE, minutes=2, **environment):
    """Run code with the tinyfer of `package`; a variable that is None is taken away.

    Returns what it printed; fails with its error messages if it does not end well in time.
    """
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(package.parent), *ROOMS])}
    settings = {name: value for name, value in (settings | environment).items()
                if value is not None}
    # Python -c looks in the working folder first: this one holds the same package.
    done = subprocess.run([sys.executable, "-c", code], cwd=package.parent, env=settings,
                          capture_output=True, text=True, timeout=60 * minutes)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    assert done.stderr == ""
    return done.stdout


def start(script, *arguments, **environment):
    """A script in a process that hears of Ctrl-C, even where this one does not.

    A shell that runs the tests in the background lets them, and what they start, ignore it.
    """
    return subprocess.Popen(
        [sys.executable, script, *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
