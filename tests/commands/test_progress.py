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
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def clock(monkeypatch):
    """time.perf_counter in the hand of the test."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def epoch_of(stream, clock, steps, seconds_per_step):
    shown = Progress(stream)
    for step in range(1, steps + 1):
        clock[0] += seconds_per_step
        shown.step(1, step, steps, 64 * step, 1.5, 0.25)
    shown.epoch([ROW], 3)
    return stream.getvalue()


def test_a_log_gets_two_lines_a_minute(clock):
    lines = epoch_of(Stream(False), clock, 320, 0.25).splitlines()
    assert [line.split("  ")[1] for line in lines[1:-1]] == ["120/320", "240/320"]
    assert "256 images/s" in lines[1] and lines[1].endswith("50 s left")
    assert lines[-1].split() == ["1", "1.5000", "0.2500", "1.4000", "0.5000", "1:00", "min",
                                 "2:00", "min", "best"]


def test_a_terminal_gets_one_line_rewritten(clock):
    text = epoch_of(Stream(True), clock, 40, 0.3)
    assert text.count("\n") == 2  # the head of the table, and the row of the epoch
    assert text.count("images/s") == 39


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_nothing_of_a_longer_line_stays_on_a_terminal(monkeypatch, columns):
    """What is shown after each text is that text, cut to the terminal, and blanks."""
    size = os.terminal_size((columns, 9))
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: size)
    line = Line(stream := Stream(True))
    for text in ("x" * 83, "short", "a longer one", "y" * 300, "end"):
        line.write(text, last=text == "end")
    shown = ""
    for text in stream.getvalue().removesuffix("\n").split("\r"):
        assert len(text) < columns
        shown = text + shown[len(text):]
    assert shown.rstrip() == "end" and stream.getvalue().endswith("\n")


def test_the_widest_step_fits_80_columns(clock):
    shown = Progress(stream := Stream(True))
    clock[0] = 1
    shown.step(100, 1, 440, 64, 2.5, 0.5)
    clock[0] = 2
    shown.step(100, 400, 440, 25600, 12345.678, 0.25)
    shown.epoch([ROW | {"epoch": 100, "loss": 1e9, "seconds": 99999}], 120)
    assert all(len(line) < 80 for line in stream.getvalue().replace("\n", "\r").split("\r"))


def test_the_first_step_does_not_count_for_the_speed(clock):
    """It may hold a minute of compilation."""
    shown = Progress(stream := Stream(False))
    clock[0] += 60
    shown.step(1, 1, 4, 64, 1.5, 0.25)
    clock[0] += 10
    shown.step(1, 2, 4, 128, 1.5, 0.25)
    assert "6 images/s" in stream.getvalue() and "20 s left" in stream.getvalue()


def test_equal_validation_accuracy_is_no_new_best(clock):
    shown = Progress(stream := Stream(False))
    shown.epoch([ROW, ROW | {"epoch": 2}], 3)
    assert "best" not in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize("seconds, text", [
    (0, "0 s"), (59.4, "59 s"), (59.6, "1:00 min"), (185, "3:05 min"), (3599, "59:59 min"),
    (3720, "1:02 h"),
])
def test_durations(seconds, text):
    assert duration(seconds) == text
