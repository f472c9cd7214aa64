"""How pytest reports an exercise: briefly, with hints on demand, and telling whose code runs.

    pytest docs/exercises/ch03_layers.py --hint 1         2 and 3 say more
    pytest docs/exercises/capstone.py --full              with the six-layer network itself
"""

import json
from pathlib import Path

import marking
import pytest
from checker import Wrong

HERE = Path(__file__).resolve().parent
HINTS = json.loads((HERE / "hints.json").read_text(encoding="utf-8"))


def pytest_addoption(parser):
    parser.addoption("--hint", type=int, choices=(1, 2, 3), default=0,
                     help="with each exercise not solved: one hint, two, or all three")
    parser.addoption("--full", action="store_true", help="the capstone in its full size, too")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: takes a minute (run with --full)")
    config.option.no_header = True
    if config.option.tbstyle == "auto":
        config.option.tbstyle = "short"


def pytest_collection_modifyitems(config, items):
    left = [item for item in items if item.get_closest_marker("full") and not config.option.full]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.excinfo is None or not report.failed:
        return
    report.hints = hints_for(item, item.config.option.hint)
    error = call.excinfo.value
    if isinstance(error, NotImplementedError):
        report.unwritten = marking.where(error.__traceback__)
    elif isinstance(error, Wrong):
        report.longrepr = "\n".join([str(error), *report.hints])


def hints_for(item, level):
    """Lines "hint 1: ..." of a test, the first `level` of them."""
    topic = item.path.stem.split("_", 1)[-1]
    known = HINTS.get(topic, {}).get(item.name, ())
    return [f"  hint {number}: {hint}" for number, hint in enumerate(known[:level], 1)]


def pytest_report_teststatus(report):
    if report.when == "call" and hasattr(report, "unwritten"):
        return "unwritten", "w", "NOT WRITTEN"


def pytest_terminal_summary(terminalreporter):
    unwritten = terminalreporter.stats.get("unwritten", [])
    if unwritten:
        places = list(dict.fromkeys(report.unwritten for report in unwritten))
        terminalreporter.write_line("not written yet: " + ", ".join(places))
    for report in unwritten:
        for hint in report.hints:
            terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}{hint}")
    terminalreporter.write_line(marking.whose_in_words(HERE))
