"""Nothing in docs/ and README.md may go stale: every block runs, every link leads somewhere.

    ```python    run, in order, one namespace a page; what it prints is the ```text block after it
    ```py        an excerpt: it stands in the code word for word; a line `...` leaves lines out
    ```console   `$ command` and its output, run from the root; `...` in the output fits anything

`<!-- realdata -->` above a block: it needs FER-2013. `<!-- not run: why -->`: it takes too long.
The exercises have a test of their own, test_exercises.py.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import matplotlib
import pytest

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts" / "course"))

import chapters  # noqa: E402
from notebooks import FENCE, LINK  # noqa: E402

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("exercises/*.md"), *ROOT.glob("README.md")])
CHAPTERS = [chapter.page for chapter in chapters.CHAPTERS]
SOURCES = [*ROOT.glob("tinyfer/**/*.py"), *ROOT.glob("scripts/**/*.py"), *ROOT.glob("tests/*.py")]
REALDATA = pytest.mark.skipif(not os.environ.get("TINYFER_DATA"), reason="TINYFER_DATA is not set")


class Block(NamedTuple):
    line: int
    language: str
    text: str
    remark: str         # of the comment above it: "realdata", "not run: ...", or ""
    output: str         # the ```text block directly after it, or ""


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    return [Block(text.count("\n", 0, match.start("text")), match["language"], match["text"],
                  match["remark"] or "", match["output"] or "")
            for match in FENCE.finditer(text)]


def prose_of(page):
    """The page without its code blocks and comments."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"<!--.*?-->", "", text, flags=re.S)


def name_of(page):
    return str(page.relative_to(ROOT))


def each_page(pages=PAGES):
    return pytest.mark.parametrize("page", pages, ids=name_of)


# Blocks

PYTHON = [pytest.param(page, with_data, id=name_of(page) + ", data" * with_data,
                       marks=[REALDATA, pytest.mark.realdata] if with_data else [])
          for with_data in (False, True) for page in PAGES
          if any(block.language == "python" and (block.remark == "realdata" or not with_data)
                 for block in blocks_of(page))]


@pytest.mark.parametrize("page, with_data", PYTHON)
def test_python_blocks_print_what_the_page_says(page, with_data, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT if page.parent == ROOT else tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: matplotlib.pyplot.close("all"))
    namespace = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.language == "python" and block.remark in ("", "realdata")[:1 + with_data]:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)
            assert printed.getvalue() == block.output, f"{name_of(page)}:{block.line}"


def commands():
    """(command, output) of the ```console blocks, as parameters of a test."""
    for page in PAGES:
        for block in blocks_of(page):
            if block.language == "console" and not block.remark.startswith("not run"):
                marks = [REALDATA, pytest.mark.realdata] if block.remark == "realdata" else []
                for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
                    command, _, output = part.partition("\n")
                    yield pytest.param(command, output, id=f"{name_of(page)}:{block.line}",
                                       marks=marks)


def python(*arguments):
    """What a command prints, which must end well."""
    run = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("command, output", list(commands()))
def test_commands_print_what_the_page_says(command, output):
    python_, *arguments = shlex.split(command)
    assert python_ == "python", "a page's commands start with python"
    printed = python(*arguments)
    assert doctest.OutputChecker().check_output(output, printed, doctest.ELLIPSIS), printed


@each_page()
def test_tests_that_a_page_names_are_there(page):
    for command in re.findall(r"^python -m pytest (.*)", page.read_text(encoding="utf-8"), re.M):
        text = "".join((ROOT / path).read_text(encoding="utf-8")
                       for path in re.findall(r"\btests/[\w/]+\.py", command))
        words = re.sub(r"tests/[\w/]+\.py|-\w\b|\b(and|or)\b", "", command)
        for word in re.findall(r"\w+", words):
            assert word in text, f"{command}: {word}"


def squeezed(text):
    """Without indentation and blank lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


@each_page([page for page in PAGES if any(b.language == "py" for b in blocks_of(page))])
def test_excerpts_stand_in_the_code(page):
    code = [squeezed(path.read_text(encoding="utf-8")) for path in SOURCES]
    for block in blocks_of(page):
        if block.language == "py":
            parts = map(re.escape, squeezed(block.text).split("\n...\n"))
            pattern = re.compile(".*?".join(parts), re.DOTALL)
            assert any(map(pattern.search, code)), f"{name_of(page)}:{block.line}"


@each_page()
def test_every_block_is_of_a_known_kind(page):
    known = {"python", "py", "console", "text", "math", "sh", "bash", "toml", "bibtex"}
    assert {block.language for block in blocks_of(page)} <= known
    assert page.read_text(encoding="utf-8").count("\n```") % 2 == 0


@each_page()
def test_no_line_is_taken_for_a_comment(page):
    """The website leaves out a line that begins with a per cent sign, without a word."""
    assert not re.findall(r"^ *%.*", prose_of(page), re.M)


# Links, figures, formulas

def anchors_of(page):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page()
def test_links_lead_somewhere(page):
    for match in LINK.finditer(prose_of(page)):
        target, _, anchor = match["target"].partition("#")
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            assert anchor in anchors_of(path), f"{name_of(page)} links to {match['target']}"
        if named := re.fullmatch(r"`(?:\w+\.)?(\w+)` in `([\w./]+)`", match["text"]):
            assert (ROOT / named[2]).resolve() == path, match[0]
            assert re.search(rf"^ *(def |class |){named[1]}\b", path.read_text(encoding="utf-8"),
                             re.M), match[0]
    for path in re.findall(r"`((?:tinyfer|scripts|tests|docs)/[\w./-]*)`", prose_of(page)):
        assert (ROOT / path).exists(), f"{name_of(page)} names {path}"


IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)\)")


@each_page()
def test_figures_exist_and_have_alternative_text(page):
    for match in IMAGE.finditer(prose_of(page)):
        target = match["target"]
        assert target.startswith("http") or (page.parent / target).is_file(), target
        assert len(match["alt"]) >= 30, f"{target}: say what the picture shows"
        if page in CHAPTERS and (number := re.match(r"figures/(\d\d)-", target)):
            assert page.name.startswith(number[1]), f"{page.name} shows {target}"


def test_every_figure_is_made_by_the_script_and_shown():
    shown = {Path(match["target"]).stem for page in CHAPTERS
             for match in IMAGE.finditer(prose_of(page)) if re.search(r"/\d", match["target"])}
    assert set(python("scripts/course/make_figures.py", "--list").split()) == shown
    assert {path.stem for path in (DOCS / "figures").glob("[0-9]*.png")} == shown


@each_page()
def test_formulas_are_whole(page):
    """Dollars come in pairs, braces match, and Markdown leaves every formula as it is.

    Displayed formulas are ```math blocks: between double dollars, hosts take `\\\\` and `\\,` for
    escapes of Markdown, as they do in formulas within a line.
    """
    prose = re.sub(r"`[^`\n]*`", "", prose_of(page))
    assert "$$" not in prose
    for paragraph in prose.split("\n\n"):
        assert paragraph.count("$") % 2 == 0, paragraph
    inline = re.findall(r"\$([^$]+)\$", prose)
    for formula in inline:
        assert not re.search(r"\\[^A-Za-z]|\*", formula), formula
    for formula in inline + [b.text for b in blocks_of(page) if b.language == "math"]:
        bare = formula.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}"), formula


# The course as a whole

def test_titles_navigation_and_tables_are_those_of_the_list():
    assert sorted(DOCS.glob("[0-9]*.md")) == CHAPTERS
    for page, text in chapters.written().items():
        assert page.read_text(encoding="utf-8") == text, "python scripts/course/chapters.py"
        assert text.count("[Course](README.md)") == 2, page
    contents, exercises = ((DOCS / folder / "README.md").read_text(encoding="utf-8")
                           for folder in ("", "exercises"))
    row = re.compile(r"^\| (\d+) \| \[(.*?)\]\((.*?)\) \|", re.M)
    assert row.findall(contents) == [(str(c.number), c.title, c.page.name)
                                     for c in chapters.CHAPTERS]
    assert re.findall(r"^\| \[.*?`check \d+` \|$", exercises, re.M) == [
        f"| [{c.title}](../{c.page.name}) | {chapters.files(c)} | `check {c.number}` |"
        for c in chapters.CHAPTERS]


def test_files_of_a_chapter_bear_its_number():
    """Its exercises, solutions and the module of its figures, and what they say of themselves."""
    named = [c.exercises.name for c in chapters.CHAPTERS]
    for folder in "exercises", "solutions":
        assert sorted(path.name for path in (DOCS / folder).glob("ch[0-9]*.py")) == named
    begins = {f"{folder}/{name}": f"Chapter {int(name[2:4])}, " for name in named
              for folder in ("exercises", "solutions")}
    begins |= {f"solutions/mynet/{piece}.py": f"Chapter {c.number}: " for c in chapters.CHAPTERS
               for piece in c.pieces}
    begins |= {path: f"Chapter {int(path.stem[2:])}: "
               for path in ROOT.glob("scripts/course/figures/ch*.py")}
    for path, begin in begins.items():
        assert (DOCS / path).read_text(encoding="utf-8").startswith(f'"""{begin}'), path


def test_the_core_names_chapters_that_name_its_files():
    for path in ROOT.glob("tinyfer/core/**/*.py"):
        text = " ".join(path.read_text(encoding="utf-8").split())
        for said in re.findall(r"\b[Cc]hapters? (\d+)(?: and (\d+))?", text):
            for number in filter(None, said):
                page = chapters.CHAPTERS[int(number) - 1].page.read_text(encoding="utf-8")
                assert str(path.relative_to(ROOT)) in page, f"{path}: chapter {number}"


def test_a_link_to_a_chapter_says_its_number():
    for page in PAGES:
        for match in LINK.finditer(prose_of(page)):
            number = re.match(r"(\d\d)-", Path(match["target"]).name)
            said = re.fullmatch(r"(?:\w+\s+)?(\d+)", match["text"])
            if number and said:
                assert int(number[1]) == int(said[1]), f"{name_of(page)}: {match[0]}"


WORDS, MATH, LINE, CAPSTONE = 75, 4, 1 / 3, 120     # words a minute; minutes
EXERCISE = {"By hand": 15, "In code": 40, "Experiment": 30, "Your network": 70}


def hours(page, kinds):
    """Of a chapter and its exercises: of some kinds, "all", or those "not marked *later*"."""
    minutes = len(prose_of(page).split()) / WORDS
    for block in blocks_of(page):
        minutes += {"math": MATH, "python": LINE * block.text.count("\n")}.get(block.language, 0)
    heads = re.findall(r"^\d+\. \*([A-Z][a-z ]+)([^*]*)\*", page.read_text(encoding="utf-8"), re.M)
    return (minutes + sum(EXERCISE[kind] for kind, rest in heads if kinds == "all" or kind.lower()
                          in kinds or "later" in kinds and "later" not in rest)) / 60


def test_the_hours_of_chapters_and_ways_are_counted():
    text = (DOCS / "README.md").read_text(encoding="utf-8").replace("½", ".5")
    rows = re.findall(r"^\| \d+ \|.* ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.M)
    all_, first, at = zip(*[map(float, row) for row in rows], strict=True)
    assert all_ == pytest.approx([hours(page, "all") for page in CHAPTERS], abs=0.4)
    assert first == pytest.approx([hours(page, "not later") for page in CHAPTERS], abs=0.4)
    assert at == tuple(accumulate(first))
    assert sum(map(float, re.findall(r" \| \| \*\*([\d.]+)\*\* \|", text))) == sum(all_)
    ways = re.findall(r"^\| [a-z ]+ \| (\d[^|]*) \| (.*?) \| (.*)\| ([\d.]+) \|$", text, re.M)
    assert len(ways) == 5
    for spans, kinds, more, said in ways:
        numbers = [[int(n) for n in span.split(" to ")] for span in spans.split(", ")]
        pages = [page for n in numbers for page in CHAPTERS[n[0] - 1:n[-1]]]
        counted = sum(hours(page, kinds) for page in pages) + CAPSTONE / 60 * ("capstone" in more)
        assert float(said) == pytest.approx(counted, rel=0.04), spans


QUESTIONS = re.compile(r"^### Five quick questions\n\n(.*?)\n\n<details>\n<summary>Answers"
                       r"</summary>\n\n(.*?)\n\n</details>\n\n## ", re.M | re.S)


@each_page(CHAPTERS)
def test_chapters_have_their_parts_a_prediction_and_questions(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", prose_of(page), re.M)[-6:] == [
        "In the code", "Try it", "Summary", "Exercises", "A mistake seen in real code", "Sources"]
    for part in QUESTIONS.search(text).groups():
        assert re.findall(r"^(\d)\. ", part, re.M) == list("12345")
    predict = " ".join(text.split("\n## Predict, then run\n")[1].split("\n## ")[0].split())
    assert predict.index("**Write down before you go on:**") < predict.index("```python")
    assert "plt.show()" in text


def entries_of_the_glossary():
    """[(word, or several with commas between; its meaning, which links to a chapter), ...]"""
    text = " ".join((DOCS / "glossary.md").read_text(encoding="utf-8").split("## Words")[1].split())
    return re.findall(r"\*\*([^*]+)\.\*\* (.*?)(?= \*\*[^*]+\.\*\* |$)", text)


def plain(paragraph):
    """Its words in small letters, without emphasis and without where its links lead."""
    return " ".join(re.sub(r"[*_]|\]\([^)]*\)", "", paragraph.lower()).split())


# Words that mean something outside of the course, too.
ORDINARY = {"area, auc", "backward", "channel", "layer", "noise", "precision", "pyramid", "sweep",
            "tile", "view"}


@each_page(CHAPTERS)
def test_no_term_is_used_before_it_is_introduced(page):
    """Or its first paragraph on the page says which chapter does, by a link."""
    number = CHAPTERS.index(page) + 1
    paragraphs = re.sub(r"!\[[^\]]*\]", "", prose_of(page).split("## Sources")[0]).split("\n\n")
    for word, meaning in entries_of_the_glossary():
        target = re.findall(r"\]\((\d\d)-\S*\.md\)", meaning)
        if target and int(target[-1]) > number and word.lower() not in ORDINARY:
            names = "|".join(re.escape(name.lower()) for name in word.split(", "))
            used = re.compile(rf"(?<![\w-])(?:{names})s?\b(?! norm)")
            first = next((paragraph for paragraph in paragraphs if "(README.md)" not in paragraph
                          and used.search(plain(paragraph))), f"({target[-1]}-")
            assert f"({target[-1]}-" in first, f"{word}, of chapter {target[-1]}, in: {first}"


def test_the_glossary_is_sorted_and_its_chapters_use_the_words():
    entries = entries_of_the_glossary()
    words = [re.sub(r"[^a-z0-9 ]", "", word.lower()) for word, _ in entries]
    assert len(words) > 60 and words == sorted(words)
    for word, meaning in entries:
        for target in re.findall(r"\]\(([0-9]\S*\.md)\)", meaning):
            prose = " ".join(prose_of(DOCS / target).replace("*", "").lower().split())
            first = re.escape(word.split(", ")[0].lower())
            assert re.search(rf"\b{first}", prose), f"{word} is not a word of {target}"
