"""What all tests share: scripts to call, a small FER-2013, a list of the relative errors found."""

import pytest
from small import drawn_fer2013, files_of, write_csv

from tinyfer.commands import cli
from tinyfer.core.kernels.threads import set_threads
from tinyfer.data import draw_faces


@pytest.fixture(autouse=True)
def one_thread():
    """In networks as small as those of most tests, two threads wait for each other all the time.

    All threads have test_kernels.py, and what the tests start in processes of their own.
    """
    set_threads(1)


@pytest.fixture(autouse=True)
def nothing_to_compile(monkeypatch):
    """What a command says does not depend on what is compiled already."""
    monkeypatch.setattr(cli, "compiled", lambda what="backward": True)


@pytest.fixture
def call(capsys):
    """Call the `main` of a script: (exit code, what it printed, its error messages)."""
    def called(main, *arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:      # argparse's way
            code = stop.code
        return code, *capsys.readouterr()

    return called


@pytest.fixture
def refused(call):
    """The sentence with which a script refuses: one line, exit code 2, no traceback."""
    def sentence(main, *arguments):
        code, _, err = call(main, *arguments)
        assert code == 2, f"exit code {code}, and {err!r}"
        assert err.startswith("error: ") and err.endswith("\n") and err.count("\n") == 1
        text = err.removeprefix("error: ").strip()
        assert 10 < len(text) < 200 and text.isprintable() and "Traceback" not in text
        return text

    return sentence


@pytest.fixture(scope="session")
def small_fer2013(tmp_path_factory):
    """The path of a fer2013.csv of 210 drawn faces."""
    return write_csv(tmp_path_factory.mktemp("fer2013") / "fer2013.csv", drawn_fer2013())


@pytest.fixture
def files():
    """The images of FER-2013 in small, by their names in the archive: ten of each class."""
    return files_of(draw_faces(70, seed=5))


def pytest_terminal_summary(terminalreporter):
    measured = [(report.nodeid.split("::")[-1], value)
                for outcome in ("passed", "failed")
                for report in terminalreporter.getreports(outcome)
                for name, value in report.user_properties if name == "relative error"]
    if measured:
        terminalreporter.section("relative errors found")
        width = max(len(test) for test, _ in measured)
        for test, value in measured:
            terminalreporter.write_line(f"{test:<{width}}  {value}")
