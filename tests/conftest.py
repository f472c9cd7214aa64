"""What all tests share: a small FER-2013, and a list of the relative errors that were measured."""

import pytest


@pytest.fixture(scope="session")
def small_fer2013(tmp_path_factory):
    """The path of a fer2013.csv of drawn faces (see small.py)."""
    from small import write_fer2013

    path = tmp_path_factory.mktemp("fer2013") / "fer2013.csv"
    write_fer2013(path)
    return path


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
