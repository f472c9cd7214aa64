"""The lines of a training run, on a terminal and in a log."""

import io
import os

import pytest

from tinyfer.commands import progress
from tinyfer.commands.progress import Line, Progress, duration

ROW = dict(epoch=1, loss=1.5, accuracy=0.25, val_loss=1.4, val_accuracy=0.5, seconds=60.0)


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


def epoch_of(monkeypatch, terminal, steps, seconds_per_step):
    """What is shown of two epochs; the first step takes a minute more, for compilation."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    shown = Progress(stream := Stream(terminal))
    for step in range(1, steps + 1):
        now[0] += seconds_per_step + 60 * (step == 1)
        shown.step(1, step, steps, 64 * step, 1.5, 0.25)
    shown.epoch([ROW], 3)
    shown.epoch([ROW, ROW | {"epoch": 2, "loss": 1e9, "seconds": 99999}], 120)
    assert all(len(line) < 80 for line in stream.getvalue().replace("\n", "\r").split("\r"))
    return stream.getvalue()


def test_a_log_gets_two_lines_a_minute(monkeypatch):
    lines = epoch_of(monkeypatch, False, 320, 0.25).splitlines()
    steps = [line for line in lines if "/320" in line]
    assert [line.split("  ")[1] for line in steps] == ["2/320", "122/320", "242/320"]
    assert "256 images/s" in steps[0] and steps[1].endswith("50 s left")
    assert lines[-2].split() == ["1", "1.5000", "0.2500", "1.4000", "0.5000", "1:00", "min",
                                 "2:00", "min", "best"]
    assert "best" not in lines[-1], "of equal epochs the first"


def test_a_terminal_gets_one_line_rewritten(monkeypatch):
    text = epoch_of(monkeypatch, True, 40, 0.3)
    assert text.count("\n") == 3        # the head of the table, and the rows of the epochs
    assert text.count("images/s") == 39


def test_nothing_of_a_longer_line_stays_on_a_terminal(monkeypatch):
    """What is shown after each text is that text, cut to the terminal, and blanks."""
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: os.terminal_size((30, 9)))
    line, shown = Line(stream := Stream(True)), ""
    for text in ("x" * 83, "short", "a longer one", "y" * 300, "end"):
        line.write(text, last=text == "end")
    for text in stream.getvalue().removesuffix("\n").split("\r"):
        assert len(text) < 30
        shown = text + shown[len(text):]
    assert shown.rstrip() == "end" and stream.getvalue().endswith("\n")


@pytest.mark.parametrize("seconds, text", [
    (59.4, "59 s"), (59.6, "1:00 min"), (185, "3:05 min"), (3599, "59:59 min"), (3720, "1:02 h")])
def test_durations(seconds, text):
    assert duration(seconds) == text
