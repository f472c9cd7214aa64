"""FER-2013 as a table: fer2013.csv, Kaggle's icml_face_data.csv, or train.csv without Usage."""

import csv

import numpy as np

from tinyfer.data.faces import EMOTIONS, SIZE, USAGES
from tinyfer.storage.arrays import brief

# What the codes 0 to 6 of the column `emotion` mean: not the alphabetical order of the folders.
CSV_CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LABELS = {str(code): EMOTIONS.index(name) for code, name in enumerate(CSV_CODES)}
CSV_ROWS = 35_887  # of the complete file, for the progress callback only
MOST_IMAGES = 100_000
MOST_LINES = 2 * MOST_IMAGES
MOST_LINE = 100_000  # bytes: a row has some 8,000


def read_csv(file, name, progress=None):
    """Faces, labels (alphabetical order) and usages of a table, in the order of its rows.

    file: an open binary file of columns emotion, pixels and Usage in any order, blanks and case
    ignored; pixels holds 2,304 numbers 0 to 255, separated by blanks. Without a column Usage all
    rows are Training. name: of the file, in messages. ValueError that names the line at fault.
    """
    faces, labels, usages = bytearray(), [], []
    rows = csv.reader(_bounded(file, name))
    try:
        header = [column.strip().lower() for column in next(rows, [])]
        for column in ("emotion", "pixels"):
            if column not in header:
                found = brief(", ".join(header)) if header else "nothing"
                raise ValueError(f"{name} has no column {column!r}: found {found}; "
                                 "expected emotion, pixels and Usage")
        for row in rows:
            if not row:
                continue
            where = f"{name}, line {rows.line_num}"
            if len(row) != len(header):
                raise ValueError(f"{where}: {len(row)} columns, expected {len(header)}")
            if len(labels) == MOST_IMAGES:
                raise ValueError(f"{name} holds more than {MOST_IMAGES:,} images")
            row = dict(zip(header, row))
            faces += _pixels(row["pixels"], where)
            emotion, part = row["emotion"].strip(), row.get("usage", "Training").strip()
            if emotion not in LABELS:
                raise ValueError(f"{where}: emotion {brief(emotion)}, expected 0 to 6")
            if part not in USAGES:
                raise ValueError(f"{where}: Usage {brief(part)}, expected {', '.join(USAGES)}")
            labels.append(LABELS[emotion])
            usages.append(part)
            if progress and len(labels) % 500 == 0:
                progress(len(labels), max(CSV_ROWS, len(labels)))
        if progress and labels:
            progress(len(labels), len(labels))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name} is not a readable csv file ({error})") from None
    images = np.frombuffer(faces, dtype=np.uint8).reshape(-1, SIZE, SIZE)
    return images, np.array(labels, dtype=np.int64), np.array(usages, dtype=str)


def _bounded(file, name):
    """The lines of an open file as text: not too many, none taken in before its length is known."""
    number = 0
    while line := file.readline(MOST_LINE + 1):
        number += 1
        if len(line) > MOST_LINE:
            raise ValueError(f"{name}, line {number}: more than {MOST_LINE:,} bytes; expected "
                             f"one image of {SIZE}x{SIZE} pixels")
        if number > MOST_LINES:
            raise ValueError(f"{name} has more than {MOST_LINES:,} lines")
        yield line.decode("utf-8-sig")      # the mark of a first line says how it is written


def _pixels(text, where):
    try:
        pixels = bytes(map(int, text.split()))
    except ValueError:
        raise ValueError(f"{where}: pixels must be whole numbers 0 to 255") from None
    if len(pixels) != SIZE * SIZE:
        raise ValueError(f"{where}: {len(pixels)} pixels, expected {SIZE}x{SIZE} = {SIZE * SIZE}")
    return pixels
