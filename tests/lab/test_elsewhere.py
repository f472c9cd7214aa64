"""score_elsewhere.py: networks on faces that FER-2013 does not hold."""

import io
import json
import zipfile

import numpy as np
import pytest
import score_elsewhere
from finder.sources import caltech_crops
from PIL import Image

import tinyfer

NAMED = json.loads(score_elsewhere.SMILES.read_text())


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A faces.zip with a drawn face under each name of smiles.json: happy ones for the smiles."""
    drawn = tinyfer.data.draw_faces(280, seed=0)
    happy = drawn.labels == drawn.class_names.index("happy")
    path = tmp_path_factory.mktemp("elsewhere") / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for group, faces in (("smiling", drawn.faces[happy]), ("not smiling", drawn.faces[~happy])):
            for i, number in enumerate(NAMED[group]):
                file = io.BytesIO()
                Image.fromarray(faces[i % len(faces)]).resize((36, 36)).save(file, "JPEG")
                name = f"caltech_faces/Caltech_CropFaces/caltech_web_crop_{number:05d}.jpg"
                archive.writestr(name, file.getvalue())
    return path


def test_the_named_faces_are_there_once():
    numbers = NAMED["smiling"] + NAMED["not smiling"]
    assert len(numbers) == len(set(numbers)) == 271


def test_the_whole_table(archive, capsys, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- begin elsewhere -->\n<!-- end elsewhere -->\n")
    assert score_elsewhere.main(["five-class", "binary", "--faces", str(archive), "--crops", "2",
                                 "--fill", str(page)]) == 0
    out = capsys.readouterr().out
    assert out.strip() in page.read_text()
    assert "|  | five-class | binary |" in out and "of 175" in out and "of 96" in out
    # A window and its mirror image: the mirrored face has the same two.
    assert "| same answer, mirrored | 100 % | 100 % |" in out


def test_smiles_in_small_numbers():
    """Three smiles of 0.9, 0.8, 0.3 and two others of 0.4, 0.1: five of six pairs stand right."""
    smiling, serious = (np.array([[p, 1 - p] for p in column])
                        for column in ((0.9, 0.8, 0.3), (0.4, 0.1)))
    assert score_elsewhere.on_smiles(smiling, serious, 0) == ("0.833", "67 %", "0 %")
    assert score_elsewhere.on_smiles(1 - smiling, 1 - serious, 1)[0] == "0.833"


def test_kept_answers_are_counted():
    answers = {"as it is": np.array([0, 1, 2, 2]), "dim": np.array([0, 1, 2, 1]),
               "mirrored": np.array([1, 0, 0, 2])}
    assert score_elsewhere.kept(answers) == ["75 %", "25 %"]


def test_a_box_moves_and_grows_about_its_middle(archive):
    ramp = np.tile(np.arange(62, dtype=np.uint8) * 4, (62, 1))
    face = score_elsewhere.cut(ramp)
    assert (score_elsewhere.cut(ramp, right=3) == face + 12).all()
    wide = score_elsewhere.cut(ramp, larger=6).astype(float)
    assert wide[:, 0].mean() < face[0, 0] and wide[:, -1].mean() > face[0, -1]
    assert abs(wide.mean() - face.mean()) < 2
    for crop in list(caltech_crops(archive).values())[:3]:
        for change in score_elsewhere.CHANGES.values():
            assert change(crop).shape == (48, 48) and change(crop).dtype == np.uint8


def test_a_network_without_smiles_is_refused(archive, capsys, tmp_path):
    tinyfer.six_layer_cnn(classes=2, class_names=["cat", "dog"]).save(tmp_path / "pets.npz")
    assert score_elsewhere.main([str(tmp_path / "pets.npz"), "--faces", str(archive)]) == 2
    assert "has no class happy or positive, only cat, dog" in capsys.readouterr().err
