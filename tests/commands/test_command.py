"""tinyfer/commands/cli.py: how every script ends, whatever happens to it."""

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import tinyfer
from tinyfer import __main__
from tinyfer.__main__ import COMMANDS
from tinyfer.commands import cli


def ends(run):
    return cli.main(run, list, "abc", "given up")


def raises(error):
    def run(_):
        raise error
    return run


@pytest.mark.parametrize("error, code, sentence", [
    (ValueError("size is 0; expected 1"), 2, "error: size is 0; expected 1\n"),
    (FileNotFoundError("there is no x.csv"), 2, "error: there is no x.csv\n"),
    (PermissionError(13, "Permission denied", "a/b"), 2, "error: a/b: Permission denied\n"),
    (OSError(28, "No space left on device"), 2,
     "error: standard output: No space left on device\n"),
    (ValueError("two\nlines \x1b[31m"), 2, "error: two lines \\x1b[31m\n"),
    (MemoryError(), 2, "error: there is not enough memory for this\n"),
    (KeyboardInterrupt(), 130, "\ngiven up\n")])
def test_errors_are_a_sentence_and_a_code(error, code, sentence, capsys):
    assert ends(raises(error)) == code
    assert capsys.readouterr() == ("", sentence)


def test_long_messages_are_cut_in_their_middle(capsys):
    ends(raises(ValueError("begin " + "x" * 5000 + " end")))
    message = capsys.readouterr().err
    assert len(message) <= 200 + len("error: ") and message.startswith("error: begin x")
    assert " ... x" in message and message.endswith(" end\n") and message.count("\n") == 1


def test_permission_is_looked_at_before_the_work(tmp_path, monkeypatch):
    cli.check_writable(tmp_path / "new" / "folder")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="new cannot be written: .*file is no folder"):
        cli.check_writable(tmp_path / "file" / "new")
    monkeypatch.setattr(cli.os, "access", lambda *_: False)     # root may write everywhere
    with pytest.raises(OSError, match="new cannot be written: no permission to write into"):
        cli.check_writable(tmp_path / "new")


def test_mistakes_of_ours_are_not_hidden_nor_codes_changed():
    with pytest.raises(KeyError):
        ends(raises(KeyError("x")))
    assert [ends(lambda options, code=code: code) for code in (0, 1, None)] == [0, 1, 0]


def test_a_reader_that_has_seen_enough_is_no_error(monkeypatch, capfd):
    """As in `tinyfer evaluate RUN | head`."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        assert ends(lambda _: print("a line\n" * 10_000)) == 1
    assert capfd.readouterr().err == ""


def test_options_in_error(capsys):
    parser = cli.parser("A test.")
    parser.add_argument("--n", type=cli.at_least(2))
    for words, sentence in {"--n 1": "argument --n: expected a whole number from 2, got '1'",
                            "--x": "unrecognized arguments: --x"}.items():
        with pytest.raises(SystemExit) as stop:
            parser.parse_args(words.split())
        assert stop.value.code == 2
        assert capsys.readouterr().err == f"error: {sentence} (--help lists the options)\n"


def test_what_is_there_is_not_replaced_unasked(tmp_path):
    cli.check_output(tmp_path, False)
    (tmp_path / "a.txt").touch()
    for path in (tmp_path, tmp_path / "a.txt"):
        with pytest.raises(ValueError, match="is there already: choose another --csv, or give --f"):
            cli.check_output(path, False, "--csv")
        cli.check_output(path, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_front_door_and_fits_a_terminal(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        __main__.main([name, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and text.startswith(f"usage: tinyfer {name} ")
    options = text[text.index("\noptions:"):]
    assert all(len(line) <= 80 for line in options.splitlines())
    for option in re.split(r"^  (?=-)", options, flags=re.M)[1:]:
        assert len(re.sub(r"^-\S+( [A-Z\[{]\S*)?", "", option).split()) > 2, option
    assert ("--threads N" in text) != ("there is no --threads" in " ".join(text.lower().split()))


def test_names_of_commands(capsys):
    assert __main__.main(["--version"]) == 0
    assert capsys.readouterr().out == f"tinyfer {tinyfer.__version__}\n"
    assert __main__.main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)
    for name, words in (("trian", "did you mean train?"), ("xyz", "there are train, predict")):
        assert __main__.main([name]) == 2
        assert f"there is no command {name!r}; {words}" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_under_the_output_is_one_sentence():
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-m", "tinyfer", "--help"], stdout=full, text=True,
                               stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": ""})
    assert (ended.returncode, ended.stderr) == (
        2, "error: standard output: No space left on device\n")


def test_doctor_says_what_a_report_needs(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYFER_DATA", "nowhere.zip")
    assert __main__.main(["doctor", "--threads", "1"]) == 0
    found = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert f"numpy {np.__version__}" in found["versions"] and "bytes" in found["processor"]
    assert found["threads"].startswith("1, by ") and "seven-class" in found["weights"]
    assert found["data"].startswith("error: nowhere.zip (from TINYFER_DATA) does not exist")
    assert "read 7 drawn faces" in found["check"]


def test_a_closed_output_and_odd_names_are_no_error(monkeypatch):
    stream = io.BytesIO()
    stdout = io.TextIOWrapper(stream, "utf-8", "strict")
    for name, each in ("stdout", stdout), ("stdout", None), ("stdin", None), ("stderr", None):
        with monkeypatch.context() as patch:
            patch.setattr(sys, name, each)
            assert ends(lambda _: print("\udcff", sys.stdin.name, sys.stderr.isatty() or "",
                                        flush=True)) == 0
    assert stream.getvalue().startswith(b"\\udcff ")
