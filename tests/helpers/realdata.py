"""FER-2013 for the tests that need it: loaded once, and skipped with a reason where it is not."""

import functools
import os

import pytest

from tinyfer.data import find_data, load_fer2013


def needs_fer2013(test):
    absent = not os.environ.get("TINYFER_DATA")
    skip = pytest.mark.skipif(absent, reason="set TINYFER_DATA to FER-2013 (archive.zip)")
    return pytest.mark.realdata(skip(test))


@functools.cache
def fer2013():
    return load_fer2013(find_data())
