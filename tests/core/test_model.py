"""The six-layer network as a whole: its table, its files, its predictions."""

import os

import numpy as np
import pytest

import tinyfer
from tinyfer.core.networks import PACKAGED

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
    assert sum(array.size for array in model.state().values()) == 1_394_183
    model = tinyfer.six_layer_cnn(classes=2)
    assert model.num_parameters() == 1_394_183 - 5 * 257 and model.output_shape((48, 48, 1)) == (2,)


def test_names_are_unique(model):
    names = list(model.state())
    assert len(names) == len(set(names)) == 16 + 7 * 4
    assert {"conv1.w", "conv6.b", "bn1.gamma", "bn7.mean", "bn7.var", "dense2.w"} <= set(names)


def test_seeds():
    first, same, other = (tinyfer.six_layer_cnn(seed=seed).state() for seed in (3, 3, 4))
    assert all(first[name].tobytes() == same[name].tobytes() for name in first)
    assert not np.array_equal(first["conv1.w"], other["conv1.w"])


def test_training_lowers_the_loss():
    model = tinyfer.six_layer_cnn(classes=2, seed=0)
    optimizer = tinyfer.Adam(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)
    labels = np.arange(16) % 2
    x = rng.random((16, 48, 48, 1), np.float32) * 0.5
    x[labels == 1, 10:30] += 0.5
    losses = []
    for _ in range(12):
        loss, dlogits = tinyfer.softmax_cross_entropy(model.forward(x, training=True), labels)
        model.backward(dlogits)
        optimizer.step()
        losses.append(loss)
    assert losses[0] > 0.5 and np.mean(losses[-3:]) < 0.1


def test_probabilities(model, faces):
    p = model.predict_proba(faces)
    assert p.shape == (10, 5) and p.dtype == np.float32
    assert p.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(model.predict(faces), p.argmax(axis=1))
    assert np.allclose(model.predict_proba(faces / 255), p, atol=1e-5)


def test_batches_agree_with_single_images(model, faces):
    p = model.predict_proba(faces)
    for batch_size in 1, 3, 10, 64:
        assert np.allclose(model.predict_proba(faces, batch_size), p, rtol=1e-4, atol=1e-6)
    alone = np.concatenate([model.predict_proba(face[None]) for face in faces])
    assert np.allclose(alone, p, rtol=1e-4, atol=1e-6)


def test_prediction_changes_nothing(model, faces):
    before = {name: array.copy() for name, array in model.state().items()}
    state = model.rng.bit_generator.state
    assert np.array_equal(model.predict_proba(faces), model.predict_proba(faces))
    assert model.rng.bit_generator.state == state
    assert all(np.array_equal(before[name], array) for name, array in model.state().items())


def test_forward_refuses_what_does_not_fit(model):
    with pytest.raises(ValueError, match="x is float64; this model computes in float32"):
        model.forward(np.zeros((1, 48, 48, 1)))
    with pytest.raises(ValueError, match="Conv2D of 1 channel got x"):
        model.forward(np.zeros((1, 48, 48, 3), np.float32))
    with pytest.raises(ValueError, match="Dense of 1024 channels got x"):
        model.forward(np.zeros((1, 52, 52, 1), np.float32))


def test_saving_and_loading(model, faces, tmp_path):
    tinyfer.six_layer_cnn(classes=2, dtype=np.float64).save(tmp_path / "m.npz")
    assert tinyfer.load_model(tmp_path / "m.npz").dtype == np.float64
    path = tmp_path / "models" / "five.npz"
    model.save(path)
    loaded = tinyfer.load_model(path)
    assert loaded.class_names == ("a", "b", "c", "d", "é")
    assert str(loaded) == str(model)
    for name, array in model.state().items():
        assert loaded.state()[name].tobytes() == array.tobytes()
    assert np.array_equal(loaded.predict_proba(faces), model.predict_proba(faces))
    assert os.listdir(path.parent) == ["five.npz"]          # no temporary file is left
    assert tinyfer.load_model(str(path)).class_names == loaded.class_names


def test_a_missing_file_and_the_names_of_packaged_weights(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.npz"):
        tinyfer.load_model(tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match="no-such-weights") as caught:
        tinyfer.load_model("no-such-weights")
    for file in PACKAGED.glob("*.npz"):
        assert file.stem in str(caught.value)


def test_packaged_weights_are_found_by_name(model, tmp_path, monkeypatch):
    model.save(tmp_path / "five-class.npz")
    monkeypatch.setattr("tinyfer.core.networks.PACKAGED", tmp_path)
    assert tinyfer.load_model("five-class").class_names == model.class_names
    with pytest.raises(FileNotFoundError, match="five-class"):
        tinyfer.load_model("six-class")


def test_a_state_goes_in_whole_or_not_at_all(model):
    target = tinyfer.six_layer_cnn(classes=5, seed=9)
    before = {name: array.copy() for name, array in target.state().items()}
    state = model.state()
    for wrong in ({k: v for k, v in state.items() if k != "bn1.mean"},
                  state | {"dense2.w": np.zeros((256, 7))},
                  state | {"conv1.b": np.full(32, np.nan)},
                  state | {"conv1.b": np.full(32, 1e300)},
                  state | {"bn1.var": np.full(32, -1.0)},
                  state | {"conv1.b": np.zeros(32, complex)},
                  state | {"conv1.b": np.full(32, "0")}, state | {"conv1.b": np.zeros(32, int)},
                  state | {"conv1.b": np.zeros(32, "datetime64[s]")}):
        with pytest.raises(ValueError, match="do not fit"):
            target.load_state(wrong)
        assert all(np.array_equal(before[name], a) for name, a in target.state().items())
    parameters = target.parameters()
    target.load_state(state)
    assert np.array_equal(target.state()["conv3.w"], state["conv3.w"])
    assert target.state()["conv3.w"] is not state["conv3.w"]
    assert all(p is q for p, q in zip(parameters, target.parameters()))
