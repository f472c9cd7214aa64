"""Where eyes and mouth are in a face, and what covering parts of it does to an answer, in words."""

import numpy as np

# Rows and columns, the last excluded, drawn on the mean face by eye: FER-2013's faces were placed
# by a detector, and so is all that `tinyfer.find_faces` cuts; drawn faces are a little larger.
EYES = {"FER-2013": (slice(11, 23), slice(6, 42)), "drawn faces": (slice(13, 25), slice(6, 42))}
MOUTH = {"FER-2013": (slice(32, 43), slice(12, 36)), "drawn faces": (slice(31, 42), slice(12, 36))}
PARTS = {"the forehead": (slice(0, 11), slice(6, 42)), "the eyes and brows": EYES["FER-2013"],
         "the nose": (slice(23, 32), slice(15, 33)), "the mouth": MOUTH["FER-2013"]}


def without_parts(model, face, crops=18):
    """What the network says of a face (48, 48) with one part covered: {part: (K,)}.

    A part of PARTS is covered in the face's mean grey; crops: as for `model.predict_proba`.
    """
    covered = np.repeat(face[None], len(PARTS), axis=0)
    for each, place in zip(covered, PARTS.values()):
        each[place] = face.mean()
    return dict(zip(PARTS, model.predict_proba(covered, crops=crops)))


def in_words(expression, probabilities, covered, names, least=0.05):
    """What covering does to a face's expression, the part that costs most of it first: a sentence.

    probabilities: {name: p} of the face; covered: as of `without_parts`; names: of the classes.
    Parts that change the probability of the expression by less than `least` are left out.
    """
    before, k = probabilities[expression], names.index(expression)
    said, verb = [], None
    for part, p in sorted(covered.items(), key=lambda item: item[1][k]):
        if abs(p[k] - before) < least:
            continue
        last, verb = verb, "lowers" if p[k] < before else "raises"
        what = f"covering {part} {verb} " + ("it" if said else f"{expression} from {before:.2f}")
        other = f" ({names[p.argmax()]} {p.max():.2f} then)" if p.argmax() != k else ""
        said.append(f"{part if verb == last else what} to {p[k]:.2f}{other}")
    return ", ".join(said) or (f"covering no single part changes {expression} {before:.2f} by "
                               f"{least} or more")
