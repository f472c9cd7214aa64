"""What a test needs of Python in a process of its own: other settings, forks, a sudden end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import tinyfer

PACKAGE = Path(tinyfer.__file__).parent
# What ends a process without a word to it, and what then is its exit code.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
KILLED = -KILL if os.name == "posix" else int(KILL)
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
    assert done.returncode == 0, (done.returncode, done.stdout[-200:], done.stderr[-2000:])
    assert done.stderr == ""
    return done.stdout


def start(script, *arguments, **environment):
    """A script in a process that hears of Ctrl-C, even where this one does not.

    A shell that runs the tests in the background lets them, and what they start, ignore it.
    """
    return subprocess.Popen(
        [sys.executable, script, *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environment,
        preexec_fn=_hear_of_ctrl_c if os.name == "posix" else None)


def _hear_of_ctrl_c():
    signal.signal(signal.SIGINT, signal.default_int_handler)
