"""The six-layer network as a whole: its table, its files, its predictions."""

import os

import numpy as np
import pytest

import tinyfer

TABLE = """\
 1  Conv 32 + ReLU    46x46x32          320
 2  BatchNorm         46x46x32          128
 3  Conv 64 + ReLU    44x44x64       18,496
 4  BatchNorm         44x44x64          256
 5  MaxPool 2x2       22x22x64
 6  Dropout 0.25      22x22x64
 7  Conv 128 + ReLU   20x20x128      73,856
 8  BatchNorm         20x20x128         512
 9  Conv 128 + ReLU   18x18x128     147,584
10  BatchNorm         18x18x128         512
11  MaxPool 2x2       9x9x128
12  Dropout 0.25      9x9x128
13  Conv 256 + ReLU   7x7x256       295,168
14  BatchNorm         7x7x256         1,024
15  Conv 256 + ReLU   5x5x256       590,080
16  BatchNorm         5x5x256         1,024
17  MaxPool 2x2       2x2x256
18  Dropout 0.25      2x2x256
19  Flatten           1024
20  Dense 256 + ReLU  256           262,400
21  BatchNorm         256             1,024
22  Dropout 0.5       256
23  Dense 7           7               1,799"""


@pytest.fixture(scope="module")
def model():
    """Five classes, with running statistics that are not the initial ones."""
    model = tinyfer.six_layer_cnn(classes=5, seed=1, class_names=["a", "b", "c", "d", "é"])
    model.forward(np.random.default_rng(0).random((8, 48, 48, 1), np.float32), training=True)
    return model


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(1).integers(256, size=(10, 48, 48), dtype=np.uint8)


def test_the_table_is_the_study_s():
    model = tinyfer.six_layer_cnn(classes=7)
    lines = str(model).splitlines()
    assert "\n".join(lines[1:-1]) == TABLE
    assert "1,394,183 values stored, 1,391,943 of them trained" in lines[-1]
    assert model.num_parameters() == 1_394_183
    assert model.num_parameters(trainable=True) == 1_391_943
    model = tinyfer.six_layer_cnn(classes=2)
    assert model.num_parameters() == 1_394_183 - 5 * 257 and model.output_shape((48, 48, 1)) == (2,)


def test_batches_agree_with_single_images(model, faces):
    p = model.predict_proba(faces)
    for batch_size in 1, 3, 10, 64:
        assert np.allclose(model.predict_proba(faces, batch_size), p, rtol=1e-4, atol=1e-6)
    alone = np.concatenate([model.predict_proba(face[None]) for face in faces])
    assert np.allclose(alone, p, rtol=1e-4, atol=1e-6)


def test_saving_and_loading(model, faces, tmp_path):
    tinyfer.six_layer_cnn(classes=2, dtype=np.float64).save(tmp_path / "m.npz")
    assert tinyfer.load_model(tmp_path / "m.npz").dtype == np.float64
    path = tmp_path / "models" / "five.npz"
    model.save(path)
    loaded = tinyfer.load_model(str(path))
    assert loaded.class_names == ("a", "b", "c", "d", "é") and str(loaded) == str(model)
    for name, array in model.state().items():
        assert loaded.state()[name].tobytes() == array.tobytes()
    assert np.array_equal(loaded.predict_proba(faces), model.predict_proba(faces))
    assert os.listdir(path.parent) == ["five.npz"]          # no temporary file is left


def test_a_missing_file_and_the_names_of_packaged_weights(model, tmp_path, monkeypatch):
    monkeypatch.setattr("tinyfer.core.networks.PACKAGED", tmp_path)
    model.save(tmp_path / "five-class.npz")
    assert tinyfer.load_model("five-class").class_names == model.class_names
    for missing in tmp_path / "nothing.npz", "no-such-weights":
        with pytest.raises(FileNotFoundError, match=f"{missing} is neither .*packaged are five-cl"):
            tinyfer.load_model(missing)


def test_a_state_goes_in_whole_or_not_at_all(model):
    target = tinyfer.six_layer_cnn(classes=5, seed=9)
    before = {name: array.copy() for name, array in target.state().items()}
    state = model.state()
    for wrong in ({k: v for k, v in state.items() if k != "bn1.mean"},
                  state | {"dense2.w": np.zeros((256, 7))}, state | {"conv1.b": np.full(32, 1e300)},
                  state | {"bn1.var": np.full(32, -1.0)}, state | {"conv1.b": np.full(32, "0")}):
        with pytest.raises(ValueError, match="do not fit"):
            target.load_state(wrong)
        assert all(np.array_equal(before[name], a) for name, a in target.state().items())
    parameters = target.parameters()
    target.load_state(state)
    assert np.array_equal(target.state()["conv3.w"], state["conv3.w"])
    assert not np.shares_memory(target.state()["conv3.w"], state["conv3.w"])
    assert all(p is q for p, q in zip(parameters, target.parameters()))
