"""FER-2013 as a table: fer2013.csv, or Kaggle's icml_face_data.csv."""

import csv

import numpy as np

from tinyfer.core.arrays import brief
from tinyfer.data.faces import EMOTIONS, SIZE, USAGES

# What the codes 0 to 6 of the column `emotion` mean: not the alphabetical order of the folders.
CSV_CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CSV_ROWS = 35_887  # of the complete file, for the progress callback only
MOST_IMAGES = 100_000
MOST_LINE = 100_000  # characters: a row has some 8,000


def read_csv(lines, name, progress=None):
    """Faces, labels (alphabetical order) and usages of a table, in the order of its rows.

    lines: an open text file of columns emotion, pixels and Usage in any order, leading blanks and
    case ignored; pixels holds 2,304 numbers 0 to 255, separated by blanks, row by row.
    name: what the file is called in messages. Raises ValueError that names the line at fault.
    """
    faces, labels, usages = bytearray(), [], []
    rows = csv.reader(_bounded(lines, name))
    try:
        header = [column.strip().lower() for column in next(rows, [])]
        for column in ("emotion", "pixels", "usage"):
            if column not in header:
                found = brief(", ".join(header)) if header else "nothing"
                raise ValueError(f"{name} has no column {column!r}: found {found}; "
                                 "expected emotion, pixels and Usage")
        columns = [header.index(column) for column in ("emotion", "pixels", "usage")]
        for row in rows:
            if not row:
                continue
            where = f"{name}, line {rows.line_num}"
            if len(row) != len(header):
                raise ValueError(f"{where}: {len(row)} columns, expected {len(header)}")
            code, pixels, usage = (row[i].strip() for i in columns)
            if len(labels) == MOST_IMAGES:
                raise ValueError(f"{name} holds more than {MOST_IMAGES:,} images")
            faces += _pixels(pixels, where)
            labels.append(_label(code, where))
            usages.append(_usage(usage, where))
            if progress and len(labels) % 500 == 0:
                progress(len(labels), max(CSV_ROWS, len(labels)))
        if progress and labels:
            progress(len(labels), len(labels))
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not a readable csv file (it is no text in UTF-8)") from None
    except csv.Error as error:
        raise ValueError(f"{name} is not a readable csv file ({error})") from None
    images = np.frombuffer(faces, dtype=np.uint8).reshape(-1, SIZE, SIZE)
    return images, np.array(labels, dtype=np.int64), np.array(usages, dtype=str)


def _bounded(lines, name):
    """The lines of an open text file, none of them taken in whole before its length is known."""
    number = 0
    while line := lines.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise ValueError(f"{name}, line {number}: more than {MOST_LINE:,} characters; expected "
                             f"one image of {SIZE}x{SIZE} pixels")
        yield line


def _pixels(text, where):
    try:
        pixels = bytes(map(int, text.split()))
    except ValueError:
        raise ValueError(f"{where}: pixels must be whole numbers 0 to 255") from None
    if len(pixels) != SIZE * SIZE:
        raise ValueError(f"{where}: {len(pixels)} pixels, expected {SIZE}x{SIZE} = {SIZE * SIZE}")
    return pixels


def _label(code, where):
    if code not in map(str, range(len(CSV_CODES))):
        raise ValueError(f"{where}: emotion {brief(code)}, expected 0 to {len(CSV_CODES) - 1}")
    return EMOTIONS.index(CSV_CODES[int(code)])


def _usage(usage, where):
    if usage not in USAGES:
        raise ValueError(f"{where}: Usage {brief(usage)}, expected {', '.join(USAGES)}")
    return usage
