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
         "the noise of a minibatch, momentum", "steps"),
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
         "orders of axes; residual connections", "pytorch"),
        ("many-machines", "Many machines", "when do more computers help?",
         "gradients shared out, the cost of sending them", "machines"),
        ("finding-faces", "Finding faces", "where in a photograph?",
         "windows at once, a geometric series, overlap", "finding"),
        ("making-it-fast", "Making it fast", "why are loops slow?",
         "intensity, im2col, register tiles", "speed"),
        ("fewer-multiplications", "Fewer multiplications", "fewer products than terms?",
         "Winograd: evaluate, interpolate, transpose", "winograd"),
        ("attention", "Attention", "who looks at whom?",
         "softmax and matrix products, backward", "attention"),
    ],
}
CHAPTERS = [Chapter(number, part, *facts[:5], pieces=facts[5:]) for number, (part, facts) in
            enumerate(((part, facts) for part, each in PARTS.items() for facts in each), 1)]


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
    if chapter.exercises:
        text = re.sub(r"^## Exercises\n\n[^1].*?\n\n",
                      lambda _: "## Exercises\n\n" + where(chapter), text, flags=re.M | re.S)
    return re.sub(r"^.*\[Course\]\(README\.md\).*$", lambda _: navigation(chapter), text,
                  flags=re.M)


def where(chapter):
    """The sentence above a chapter's exercises."""
    name, number = chapter.exercises.name, chapter.number
    pieces = "".join(f", `mynet/{piece}.py`" for piece in chapter.pieces)
    return (f"To be written into `{name}`{pieces} of [your workspace](exercises/README.md);\n"
            f"`python course.py check {number}` says what is right, and `hint {number}` helps. "
            "Solutions:\n"
            f"[`docs/solutions/{name}`](solutions/{name})"
            + (" and [`mynet`](solutions/mynet)" if pieces else "") + ".\n\n")


# Minutes with pencil and paper, set by the times of a reader who worked through twelve chapters.
WORDS, FORMULA, LINE = 75, 4, 1 / 3     # words a minute; minutes a displayed formula, a line
EXERCISE = {"By hand": 15, "Your network": 70, "In code": 40, "Experiment": 30}
CAPSTONE = 2                            # hours


def hours(chapter, solved=tuple(EXERCISE)):
    """What a chapter takes, with the kinds of exercises that are solved; in half hours, or 0."""
    text = chapter.page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    minutes = len(prose.split()) / WORDS
    minutes += sum(FORMULA for kind, _ in blocks if kind == "math")
    minutes += sum(LINE * code.count("\n") for kind, code in blocks if kind == "python")
    kinds = re.findall(r"^\d+\. \*([A-Z][a-z ]+)", text, re.M)
    return round((minutes + sum(EXERCISE[kind] for kind in kinds if kind in solved)) / 30) / 2


def in_words(number):
    return f"{int(number) or ''}½" if number % 1 else f"{number:g}"


# Ways through the course: chapters, which kinds of exercises are solved, what else, its hours.
READ, PIECES, ALL = (), ("Your network",), tuple(EXERCISE)
PATHS = {
    "in a hurry": ([1, 2, 5, 6, 14, 17], READ, "and the page of [play](play.md)", 0),
    "engineer": ([*range(1, 14), 18, 19, 21], PIECES, "and the capstone", CAPSTONE),
    "theorist": ([*range(2, 11), 16, 22, 23], ("By hand", "In code"), "", 0),
    "teacher": (range(1, 24), ALL, "the capstone, and [teaching](teaching.md)", CAPSTONE),
}


def paths():
    """The table of ways through the course."""
    lines = ["| you are | chapters | of the exercises | | hours |", "|---|---|---|---|---|"]
    for who, (numbers, solved, beside, more) in PATHS.items():
        each = "none" if solved == READ else "all" if solved == ALL else ", ".join(solved).lower()
        total = more + sum(hours(CHAPTERS[n - 1], solved) for n in numbers)
        lines.append(f"| {who} | {spans(numbers)} | {each} | {beside} | {in_words(total)} |")
    return "\n".join(lines)


def spans(numbers):
    """1, 2, 3, 5 as "1 to 3, 5"."""
    runs = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{r[0]} to {r[-1]}" if len(r) > 2 else ", ".join(map(str, r)) for r in runs)


def contents():
    """The table of the first page."""
    lines = ["| | chapter | the question | you derive | hours |", "|---|---|---|---|---|"]
    part = None
    for c in CHAPTERS:
        if c.part != part:
            of_part = sum(hours(other) for other in CHAPTERS if other.part == c.part)
            lines.append(f"| | **{c.part}** | | | **{in_words(of_part)}** |")
            part = c.part
        lines.append(f"| {c.number} | [{c.title}]({c.page.name}) | {c.question} | {c.derived} | "
                     f"{in_words(hours(c))} |")
    return "\n".join(lines)


def exercises():
    """The table of exercises/README.md."""
    lines = ["| chapter | you write | |", "|---|---|---|"]
    for c in CHAPTERS:
        if c.exercises:
            pieces = "".join(f", `mynet/{piece}.py`" for piece in c.pieces)
            lines.append(f"| [{c.title}](../{c.page.name}) | `{c.exercises.name}`{pieces} | "
                         f"`check {c.number}` |")
    lines.append("| the capstone, after 13 | `mynet/six_layer.py` | `check capstone` |")
    return "\n".join(lines)


def with_table(text, table):
    """The text with `table` in the place of the table that begins with the same line."""
    begin = text.index(table.split("\n")[0])
    return text[:begin] + table + text[text.index("\n\n", begin):]


def written():
    """{page: the text it should have}, of all pages that this list shapes."""
    made = {c.page: with_frame(c.page.read_text(encoding="utf-8"), c) for c in CHAPTERS}
    for page, tables in {DOCS / "README.md": (contents(), paths()),
                         DOCS / "exercises" / "README.md": (exercises(),)}.items():
        made[page] = page.read_text(encoding="utf-8")
        for table in tables:
            made[page] = with_table(made[page], table)
    return made


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
