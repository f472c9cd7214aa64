"""How far a command is: a line that moves on a terminal, a few plain lines in a log."""

import shutil
import sys
import time
from statistics import median_low

HEADER = "epoch      loss  accuracy  val loss  val accuracy      time  time left"


class Line:
    """One line that is rewritten in place on a terminal; plain lines now and then elsewhere."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.printed = self.started = time.perf_counter()
        self.width = 0          # of what is to be written over

    def write(self, text, last=True):
        """last: the next text goes to a line of its own, not over this one."""
        end = "\n" if last or not self.live else "\r"
        if self.live:
            most = shutil.get_terminal_size().columns - 1
            text = f"{text[:most]:<{min(self.width, most)}}"
            self.width = 0 if last else len(text.rstrip())
        self.stream.write(text + end)
        self.stream.flush()

    def over(self, text):
        """Write over the line, at most ten times a second; in a log, twice in a minute."""
        now = time.perf_counter()
        if now - self.printed >= (0.1 if self.live else 30):
            self.printed = now
            self.write(text, last=False)

    def __call__(self, done, total, what):
        self.over(f"{what}: {done:,} of {total:,}, {duration(time.perf_counter() - self.started)}")

    def left(self, done, total, what):
        """How many are done, and the time left."""
        if done < total:
            left = (time.perf_counter() - self.started) / done * (total - done)
            self.write(f"{done:,} of {total:,} {what}, {duration(left)} left", last=False)

    def done(self, text):
        self.write(f"{text} in {duration(time.perf_counter() - self.started)}")


class Progress:
    """Prints the steps and epochs of `tinyfer.training.loop.fit`."""

    def __init__(self, stream=None):
        self.line = Line(stream)
        self.first_step = None

    def step(self, epoch, step, steps, seen, loss, accuracy):
        """After a training step: `seen` images so far in this epoch, means over them."""
        now = time.perf_counter()
        if step == 1:
            if self.first_step is None:
                self.line.write(HEADER)
            # Speed is measured from the end of the first step: that one may hold compilation.
            self.first_step = (now, seen)
            return
        since, before = self.first_step
        rate = (seen - before) / (now - since)
        left = (steps - step) * (seen / step) / rate
        self.line.over(f"epoch {epoch}  {step}/{steps}  {rate:.0f} images/s  "
                       f"loss {_digits(loss).strip()}  accuracy {accuracy:.4f}  "
                       f"{duration(left)} left")

    def epoch(self, history, epochs):
        """After an epoch: its row of the table, and the time left in the whole run."""
        row = history[-1]
        self.line.printed = time.perf_counter()
        # The median, for the first epoch may hold compilation.
        usual = median_low(row["seconds"] for row in history)
        best = row["val_accuracy"] > max((r["val_accuracy"] for r in history[:-1]), default=-1)
        left = duration(usual * (epochs - row["epoch"]))
        self.line.write(f"{row['epoch']:>5}  {_digits(row['loss'])}  {row['accuracy']:8.4f}  "
                        f"{_digits(row['val_loss'])}  {row['val_accuracy']:12.4f}  "
                        f"{duration(row['seconds']):>8}  {left:>9}{'  best' if best else ''}")


def _digits(loss):
    """In eight characters, however large."""
    return f"{loss:8.4f}" if loss < 1000 else f"{loss:8.1e}"


def duration(seconds):
    """Seconds as a person says them: 48 s, 3:05 min, 1:02 h."""
    minutes, seconds = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d} h" if hours else f"{minutes}:{seconds:02d} min"
