"""FER-2013 in small: 28 images of noise in the layout of the real one, for the tests."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tinyfer.datasets import EMOTIONS
from tinyfer.datasets.fer2013_csv import CSV_CODES

FACE = "train/fear/Training_7.png"  # one of them
USAGES = {"train": ("Training", "Training"), "test": ("PublicTest", "PrivateTest")}


@pytest.fixture(autouse=True)
def own_cache_folder(request, tmp_path, monkeypatch):
    if not request.node.get_closest_marker("realdata"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


@pytest.fixture
def files():
    """name in the archive -> content: two images a class in either folder, 28 in all."""
    seeds = iter(range(100))
    return {
        f"{folder}/{emotion}/{usage}_{number}.png": png(noise(next(seeds)))
        for folder, usages in USAGES.items()
        for emotion in EMOTIONS
        for number, usage in enumerate(usages, start=7)
    }


def spoil(files, name, content):
    return {**files, name: content}


def unpack(files, folder):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack(files, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def rows(files):
    """The same images as the rows of a csv: (code, pixels, usage)."""
    for name, content in files.items():
        _, emotion, file = name.split("/")
        pixels = " ".join(map(str, np.asarray(Image.open(io.BytesIO(content))).ravel()))
        yield CSV_CODES.index(emotion), pixels, file.split("_")[0]


def same(a, b):
    return (
        np.array_equal(a.faces, b.faces) and np.array_equal(a.labels, b.labels)
        and np.array_equal(a.usage, b.usage) and a.class_names == b.class_names
    )
