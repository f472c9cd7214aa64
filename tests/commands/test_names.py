"""Foreign names reach a terminal without control characters, whatever command prints them."""

import os

import pytest
from PIL import Image
from small import draw_nothing, use_small_network

from tinyfer.commands import evaluate, explore, predict, saliency, train, watch
from tinyfer.data import draw_faces

ODD = "\x1b[31mred\x9b\n\u202e"


@pytest.mark.skipif(os.name != "posix", reason="such names cannot be given here")
def test_no_command_prints_a_control_character(call, tmp_path, monkeypatch):
    """Folders of pictures, a run and what is written are named so; a picture cannot be read."""
    use_small_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    faces = draw_faces(70, seed=1)
    for n, (face, label) in enumerate(zip(faces.faces, faces.labels)):
        folder = tmp_path / ODD / faces.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(folder / f"{n}{ODD}.png")
    few, data, run = f"{ODD}/happy", ("--data", ODD), f"run{ODD}"
    once = "--model", run, "--whole", "--crops", 1

    def check(code, main, *arguments):
        found, out, err = call(main, *arguments)
        assert found == code, err
        assert all(line.isprintable() for line in (out + err).split("\n")), (main, out + err)
        assert "\\x1b[31mred" in out + err

    with monkeypatch.context() as patch:
        draw_nothing(patch)
        check(0, train.main, *data, "--epochs", 1, "--out", run)
        check(0, train.main, *data, "--epochs", 1, "--out", "second", "--from", run,
              "--recipe", "study")
    check(0, explore.main, *data, "--out", f"facts{ODD}")
    check(0, explore.main, *data, "--save", f"faces{ODD}.npz")
    check(0, evaluate.main, run)
    check(0, evaluate.main, "second", "--data", ODD, "--out", f"own{ODD}")
    (tmp_path / few / f"broken{ODD}.png").write_bytes(b"")
    check(2, train.main, *data)
    check(2, explore.main, *data)
    check(2, evaluate.main, f"no{ODD}")
    check(1, predict.main, few, *once)
    check(1, predict.main, few, *once, "--json")
    check(1, saliency.main, few, *once[:3], "--method", "gradient", "--out", f"maps{ODD}")
    check(1, watch.main, few, "--model", run, "--crops", 1)
