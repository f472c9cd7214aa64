"""The order of the course: one list, from which every number of a chapter comes.

    python scripts/course/chapters.py          write titles, navigation and exercises' heads anew

A chapter is its place in this list: docs/NN-SLUG.md, its exercises chNN_TOPIC.py, its figures
NN-*.png. tests/course/test_docs.py refuses any page, table, link or docstring that says otherwise.
"""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Chapter(NamedTuple):
    number: int
    part: str
    slug: str
    title: str
    topic: str              # of its exercises
    pieces: list            # of the reader's own network, written here

    @property
    def page(self):
        return DOCS / f"{self.number:02}-{self.slug}.md"

    @property
    def exercises(self):
        return DOCS / "exercises" / f"ch{self.number:02}_{self.topic}.py"


PARTS = {
    "I A network that learns": [
        ("seven-faces", "Seven faces", "faces"),
        ("linear-classifier", "A linear classifier", "linear", "losses"),
        ("layers-and-the-chain-rule", "Layers and the chain rule", "layers", "dense", "relu",
         "network"),
        ("gradient-checks", "Is the gradient right?", "gradients", "gradient_check"),
        ("steps-and-batches", "Steps and batches", "steps"),
    ],
    "II A convolutional one": [
        ("convolution", "Convolution", "convolution", "convolution"),
        ("pooling", "Pooling", "pooling", "pooling"),
        ("initialisation", "Starting well", "initialisation", "initialisation"),
        ("batch-norm", "Batch normalisation", "batch_norm", "batch_norm"),
        ("adam", "Adam", "adam", "adam"),
        ("when-training-fails", "When training fails", "debugging"),
    ],
    "III One to believe": [
        ("generalising", "Generalising", "generalising", "dropout"),
        ("checkpoints", "Checkpoints and choosing", "training", "training"),
        ("what-is-the-score-worth", "What is the score worth?", "evaluation"),
        ("where-does-it-look", "Where does it look?", "saliency"),
        ("what-makes-the-difference", "What makes the difference", "difference"),
        ("what-it-must-not-be-used-for", "What it must not be used for", "limits"),
    ],
    "IV Beyond": [
        ("the-same-in-pytorch", "The same in PyTorch", "pytorch"),
        ("many-machines", "Many machines", "machines"),
        ("finding-faces", "Finding faces", "finding"),
        ("making-it-fast", "Making it fast", "speed"),
        ("fewer-multiplications", "Fewer multiplications", "winograd"),
        ("attention", "Attention", "attention"),
    ],
}
CHAPTERS = [Chapter(number, part, slug, title, topic, pieces)
            for number, (part, (slug, title, topic, *pieces)) in enumerate(
                ((part, facts) for part, each in PARTS.items() for facts in each), 1)]


def of(slug):
    """The number of a chapter."""
    return next(chapter.number for chapter in CHAPTERS if chapter.slug == slug)


def navigation(chapter):
    """The line at the top and at the bottom of a page: back, the course, on."""
    def neighbour(number, form):
        if 1 <= number <= len(CHAPTERS):
            other = CHAPTERS[number - 1]
            yield f"[{form.format(f'{number} {other.title}')}]({other.page.name})"

    return " · ".join([*neighbour(chapter.number - 1, "← {}"), "[Course](README.md)",
                       *neighbour(chapter.number + 1, "{} →")])


def files(chapter):
    """What is written in a chapter's exercises."""
    return ", ".join([f"`{chapter.exercises.name}`", *(f"`mynet/{p}.py`" for p in chapter.pieces)])


def with_frame(text, chapter):
    """The text of a page with its title, both lines of navigation, and where its exercises are."""
    name = chapter.exercises.name
    where = (f"To be written into {files(chapter)} of [your workspace](exercises/README.md);\n"
             f"`python course.py check {chapter.number}` says what is right, and `hint "
             f"{chapter.number}` helps. Solutions:\n[`docs/solutions/{name}`](solutions/{name})"
             + " and [`mynet`](solutions/mynet)" * bool(chapter.pieces))
    text = re.sub(r"\A# .*", f"# {chapter.number} {chapter.title}", text)
    text = re.sub(r"^## Exercises\n\n[^1].*?\n\n", lambda _: f"## Exercises\n\n{where}.\n\n", text,
                  flags=re.M | re.S)
    return re.sub(r"^.*\[Course\]\(README\.md\).*$", lambda _: navigation(chapter), text,
                  flags=re.M)


def written():
    """{page: the text it should have}"""
    return {c.page: with_frame(c.page.read_text(encoding="utf-8"), c) for c in CHAPTERS}


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
