"""The order of the course: one list, from which every number of a chapter comes.

    python scripts/course/chapters.py          write titles, navigation and the tables anew

A chapter is its place in this list: docs/NN-SLUG.md, its exercises chNN_TOPIC.py, its figures
NN-*.png. tests/course/test_docs.py refuses any page, link or docstring that says otherwise.
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
    question: str
    derived: str            # what the reader derives
    topic: str              # of its exercises, "" where it has none yet
    pieces: tuple = ()      # of the reader's own network, written here

    @property
    def page(self):
        return DOCS / f"{self.number:02}-{self.slug}.md"

    @property
    def exercises(self):
        return DOCS / "exercises" / f"ch{self.number:02}_{self.topic}.py" if self.topic else None


PARTS = {
    "I A network that learns": [
        ("seven-faces", "Seven faces", "what is a good score?",
         "baselines, luck, label noise, copies", "faces"),
        ("linear-classifier", "A linear classifier", "which weights are good?",
         "softmax, cross-entropy, class weights", "linear", "losses"),
        ("layers-and-the-chain-rule", "Layers and the chain rule", "why is backward cheap?",
         "vector–Jacobian products, dense, ReLU", "layers", "dense", "relu", "network"),
        ("gradient-checks", "Is the gradient right?", "how do we know?",
         "the error of a difference, the best step", "gradients", "gradient_check"),
        ("steps-and-batches", "Steps and batches", "how does a network learn?",
         "the noise of a minibatch, momentum", ""),
    ],
    "II A convolutional one": [
        ("convolution", "Convolution", "the same thing everywhere?",
         "three sums, the adjoint", "convolution", "convolution"),
        ("pooling", "Pooling", "who gets the gradient?",
         "winners, subgradients at ties, what one output sees", "pooling", "pooling"),
        ("initialisation", "Starting well", "how large are the first weights?",
         r"the signal through the layers, $\ln K$", "initialisation", "initialisation"),
        ("batch-norm", "Batch normalisation", "a derivative through mean and variance?",
         "the two means; training, evaluation", "batch_norm", "batch_norm"),
        ("adam", "Adam", "how far to step?", "running averages and their bias", "adam", "adam"),
        ("when-training-fails", "When training fails", "where to look first?",
         "the ratio of update to weight; a sweep", "debugging"),
    ],
    "III One to believe": [
        ("generalising", "Generalising", "learnt, or memorised?",
         "dropout, augmentation, imbalance", "generalising", "dropout"),
        ("checkpoints", "Checkpoints and choosing", "stop, resume, trust?",
         "what a checkpoint must hold", "training", "training"),
        ("what-is-the-score-worth", "What is the score worth?", "how sure is a figure?",
         "intervals, ROC, McNemar's test", "evaluation"),
        ("where-does-it-look", "Where does it look?", "which pixels, and is it true?",
         "the gradient by the pixels, tests of maps", "saliency"),
        ("what-makes-the-difference", "What makes the difference", "why is one training better?",
         "falling rates, averages, decay, smoothing", "difference"),
        ("what-it-must-not-be-used-for", "What it must not be used for", "and in the world?",
         "base rates", "limits"),
    ],
    "IV Beyond": [
        ("the-same-in-pytorch", "The same in PyTorch", "the same weights elsewhere?",
         "orders of axes; a way around a layer", "pytorch"),
        ("many-machines", "Many machines", "when do more computers help?",
         "gradients shared out, the cost of sending them", ""),
        ("finding-faces", "Finding faces", "where in a photograph?",
         "windows at once, a geometric series, overlap", "finding"),
        ("making-it-fast", "Making it fast", "why are loops slow?",
         "intensity, im2col, register tiles", "speed"),
        ("fewer-multiplications", "Fewer multiplications", "fewer products than terms?",
         "Winograd: evaluate, interpolate, transpose", "winograd"),
        ("attention", "Attention", "who looks at whom?",
         "softmax and matrix products, backward", ""),
    ],
}
CHAPTERS = [Chapter(number, part, *facts[:5], pieces=facts[5:]) for number, (part, facts) in
            enumerate(((part, facts) for part, each in PARTS.items() for facts in each), 1)]
BEGUN = {"steps-and-batches", "what-it-must-not-be-used-for", "attention"}    # being written


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


def with_frame(text, chapter):
    """The text of a page with its title and both lines of navigation as the list has them."""
    text = re.sub(r"\A# .*", f"# {chapter.number} {chapter.title}", text)
    return re.sub(r"^.*\[Course\]\(README\.md\).*$", lambda _: navigation(chapter), text, flags=re.M)


def contents():
    """The table of the first page."""
    lines = ["| | chapter | the question | you derive |", "|---|---|---|---|"]
    part = None
    for c in CHAPTERS:
        if c.part != part:
            lines.append(f"| | **{c.part}** | | |")
            part = c.part
        lines.append(f"| {c.number} | [{c.title}]({c.page.name}) | {c.question} | {c.derived} |")
    return "\n".join(lines)


def exercises():
    """The table of exercises/README.md."""
    lines = ["| chapter | you write | command |", "|---|---|---|"]
    for c in CHAPTERS:
        if c.exercises:
            pieces = ", ".join(f"[`mynet/{p}.py`](mynet/{p}.py)" for p in c.pieces)
            lines.append(f"| [{c.number}](../{c.page.name}) | {pieces} | "
                         f"`pytest docs/exercises/{c.exercises.name}` |")
    lines.append("| the capstone | [`mynet/six_layer.py`](mynet/six_layer.py) | "
                 "`pytest docs/exercises/capstone.py` |")
    return "\n".join(lines)


def with_table(text, table):
    """The text with `table` in the place of the table that begins with the same line."""
    begin = text.index(table.split("\n")[0])
    return text[:begin] + table + text[text.index("\n\n", begin):]


def written():
    """{page: the text it should have}, of all pages that this list shapes."""
    made = {c.page: with_frame(c.page.read_text(encoding="utf-8"), c) for c in CHAPTERS}
    for page, table in ((DOCS / "README.md", contents()),
                        (DOCS / "exercises" / "README.md", exercises())):
        made[page] = with_table(page.read_text(encoding="utf-8"), table)
    return made


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
