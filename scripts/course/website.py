"""Write the course as a website: static pages, to be read from a folder or by a link.

    pip install -e ".[docs]"
    python scripts/course/website.py --out site
    python -m http.server --directory site          the network in the pages needs a server

Sphinx with Furo, from the pages of docs/ as they are: MyST reads them as GitHub does, formulas
become MathML and code is coloured while it is built, so that a page is text without a script.
Links to code lead to the commit at the project's address once pyproject.toml has it as Source, and
are plain words until then. (It is not called site.py, as a module of Python is.)
"""

import ast
import html
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import chapters
from notebooks import FENCE, LINK
from PIL import Image

from tinyfer.commands import cli

ROOT = Path(__file__).resolve().parents[2]
DOCS, HERE = ROOT / "docs", Path(__file__).parent / "website"
PANELS = ROOT / "tinyfer" / "page" / "static"
# page of docs/ -> its name in the site, without .html
NAMES = {DOCS / "README.md": "course", DOCS / "exercises" / "README.md": "exercises"}
NAMES |= {page: page.relative_to(DOCS).with_suffix("").as_posix()
          for page in sorted([*DOCS.glob("*.md"), *DOCS.glob("model-cards/*.md")])
          if page not in NAMES}
FIRST = ["play", "exercises", "glossary", "results"]       # of the pages beside the chapters
# still picture -> what one can move below it, a module of website/moving/
MOVING = {"04-step-size": "secant", "10-valley": "valley", "03-regions": "regions",
          "06-windows": "window", "07-receptive-field": "field", "09-projection": "projection",
          "14-wilson": "wilson", "17-base-rate": "base_rate", "16-rates": "rates"}
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+)\)")
SETTINGS = dict(
    project="tinyfer", html_title="tinyfer", root_doc="course", html_theme="furo", language="en",
    extensions=["myst_parser", "website"], myst_enable_extensions=["dollarmath"],
    myst_heading_anchors=4, myst_fence_as_directive=["math"], html_math_renderer="mathml",
    html_copy_source=False, html_show_sourcelink=False, html_use_index=False,
    html_show_copyright=False,
    html_static_path=[str(HERE)], html_css_files=["course.css"],
    html_js_files=[("course.js", {"defer": "defer"})], html_favicon=str(PANELS / "icon.svg"),
    html_last_updated_fmt=None, smartquotes=False, html_permalinks_icon="#")


# The text

def written(page, address):
    """The text of a page of docs/ for the site: its links, its pictures, what one can move."""
    text, made, end = page.read_text(encoding="utf-8"), "", 0
    chapter = next((each for each in chapters.CHAPTERS if each.page == page), None)
    for block in [*FENCE.finditer(text), None]:
        prose = text[end:block.start() if block else len(text)]
        made += moving(LINK.sub(lambda found: led(page, found, address), prose))
        if block:
            made, end = made + re.sub(r"^<!--.*?-->\n+", "", block[0]), block.end()
    if chapter:         # the pages have a navigation of their own
        made = "\n".join(line for line in made.split("\n") if "[Course](course.md)" not in line)
    if page == DOCS / "README.md":
        made += contents()
    return made


def led(page, found, address):
    """A link as the site needs it: to a page of it, or to the code at the project's address."""
    words, (target, mark, anchor) = found["text"], found["target"].partition("#")
    if target.startswith(("http", "mailto:")) or not target:
        return found[0]
    path = (page.parent / target).resolve()
    if path in NAMES:
        here = Path(NAMES[page]).parent
        return f"[{words}]({os.path.relpath(NAMES[path], here)}.md{mark}{anchor})"
    if not address:
        return words
    return f"[{words}]({address}/{path.relative_to(ROOT).as_posix()}{line_of(words, path)})"


def line_of(words, path):
    """#L12, where the words name what stands in a file of Python there: `name` in ..."""
    name = re.match(r"`([\w.]+)`", words)
    if path.suffix == ".py" and name:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if getattr(node, "name", None) == name[1].split(".")[-1]:
                return f"#L{node.lineno}"
    return ""


def moving(text):
    """Pictures with their words in one line, and below some of them what one can move."""
    def below(found):
        name = MOVING.get(Path(found["path"]).stem)
        return f"![{' '.join(found['alt'].split())}]({found['path']})" + (
            f'\n\n<div class="moving" data-figure="{name}"></div>' if name else "")

    return IMAGE.sub(below, text)


def contents():
    """The navigation: a list for each part, and one of the pages beside the course."""
    beside = [name for name in NAMES.values() if name != "course" and not name[0].isdigit()]
    beside.sort(key=lambda name: (FIRST + [name]).index(name))
    parts = {"The course": ["About it <self>"]}
    for chapter in chapters.CHAPTERS:
        parts.setdefault(chapter.part, []).append(NAMES[chapter.page])
    return "".join(
        f"\n\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n" + "\n".join(names) + "\n```"
        for part, names in (parts | {"Beside it": beside}).items()) + "\n"


def address_of_code():
    """ADDRESS/blob/COMMIT of [project.urls] in pyproject.toml, "" while there is none."""
    import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if "Source" not in project.get("urls", {}):
        return ""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True,
                            text=True, check=True).stdout.strip()
    return f"{project['urls']['Source']}/blob/{commit}"


# The pages

def setup(app):
    """What Sphinx asks of an extension: formulas as MathML."""
    from docutils import nodes
    from latex2mathml.converter import convert

    def formula(translator, node):
        block = isinstance(node, nodes.math_block)
        made = convert(node.astext().strip(), display="block" if block else "inline")
        made = re.sub(r"&#x(\w+);", lambda found: html.escape(chr(int(found[1], 16))), made)
        translator.body.append(f'<div class="formula">{made}</div>' if block else made)
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    return dict(parallel_read_safe=True, parallel_write_safe=True)


def build(sources, out, cache):
    from sphinx.application import Sphinx

    app = Sphinx(sources, None, out, cache, "html", SETTINGS, status=None, warning=sys.stderr)
    app.build()
    if app.statuscode or app._warncount:
        raise ValueError("the site could not be built: see above")


def math_font(formulas, path):
    """Write what the formulas need of STIX Two Math, which ziamath brings: many systems have no
    font with what a browser must know to set a formula, and none is fetched from elsewhere."""
    import ziamath
    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.WARNING)
    italic = {0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)}
    options = subset.Options(flavor="woff", layout_features=["ssty", "dtls"], hinting=False)
    whole = Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    font = subset.load_font(whole, options)
    part = subset.Subsetter(options)
    part.populate(unicodes=italic, text=formulas)
    part.subset(font)
    subset.save_font(font, path, options)


def finished(page):
    """A built page with pictures that load when they come into view, and parts that scroll within
    reach of the keyboard."""
    def picture(found):
        width, height = Image.open(page.parent / found[1]).size
        return f'<img loading="lazy" width="{width}" height="{height}"'

    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<img(?= [^>]*src="([^"]*_images/[^"]*)")', picture, text)
    text = re.sub('(<pre|<div class="(?:formula|table-wrapper[^"]*)")', r'\1 tabindex="0"', text)
    text = text.replace('role="heading"', 'role="heading" aria-level="2"')
    return re.sub('(class="sidebar-brand" href=")(?:#|((?:../)*)course.html)', r"\1\2index.html",
                  text)


# The front page: the page of `tinyfer play`, answered by the browser

FRONT = {       # what stands in its HTML: what stands there on the site
    'data-answers="./program.js"': 'data-answers="./browser.js"',
    "<title>tinyfer: see inside</title>": """<title>tinyfer: a network one can see into</title>
<meta name="description" content="A facial-expression network from scratch, alive in the page, and
the course that derives every line of it.">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; img-src 'self' blob:">""",
    'href="icon.svg"': 'href="page/icon.svg"', 'href="style.css"': 'href="page/style.css"',
    'src="main.js"': 'src="page/main.js"',
    '<button id="tour"': """<a class="button" href="course.html">The course</a>
  <button id="use-camera" type="button">Use your camera</button>
  <button id="tour\"""",
    "<main>": """<p class="lead front">This network reads facial expressions, here in your browser:
  move a slider, and watch what it answers and why. Every line of it is derived in
  <a href="course.html">a course of 23 chapters</a>.</p>
<noscript><p class="lead front">The network needs JavaScript; the course does not.</p></noscript>
<main>"""}


def front_page(out):
    """Write index.html, and page/: the panels, the network, its weights, and what it tells."""
    import site_weights

    from tinyfer.page.networks import Networks
    from tinyfer.page.questions import REGIONS
    from tinyfer.page.strips import EXPLAINED
    from tinyfer.photo.reading import AHEAD, SURE

    text = (PANELS / "index.html").read_text(encoding="utf-8")
    for old, new in FRONT.items():
        if text.count(old) != 1:
            raise ValueError(f"{PANELS / 'index.html'} should have {old} once")
        text = text.replace(old, new)
    (out / "index.html").write_text(text, encoding="utf-8")
    shutil.copytree(PANELS, out / "page", ignore=shutil.ignore_patterns("index.html", "program.js"))
    site_weights.write_all(out / "page" / "weights")
    networks = Networks()
    (out / "page" / "weights" / "start.json").write_text(json.dumps(dict(
        networks=networks.names,
        learnt={name: networks.learnt_from(name) for name in networks.names},
        methods=["gradient", "gradient*input"], regions=REGIONS, sure=SURE, ahead=AHEAD,
        explained={kind.__name__: place for kind, place in EXPLAINED.items()})))


def parse(argv):
    parser = cli.parser(__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER",
                        help="where to write it: a new folder, or one that this wrote before")
    return parser.parse_args(argv)


def run(options):
    out, address = options.out, address_of_code()
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").exists():
        raise ValueError(f"{out} holds something else; expected a new folder, or a site")
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources"
        shutil.copytree(DOCS / "figures", sources / "figures")
        for page, name in NAMES.items():
            path = sources / f"{name}.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(written(page, address), encoding="utf-8")
        (sources / "figures" / "README.md").unlink()
        build(sources, out.resolve(), Path(folder) / "cache")
    formulas = set()
    for page in out.glob("**/*.html"):
        page.write_text(finished(page), encoding="utf-8")
        formulas.update(*re.findall("<math.*?</math>", page.read_text(encoding="utf-8")))
    math_font("".join(formulas), out / "_static" / "math.woff")
    answers = json.loads((DOCS / "exercises" / "answers.json").read_text(encoding="utf-8"))
    by_hand = {chapter.page.stem: {topic: answers[topic] for topic in (
        chapter.topic, f"{chapter.topic}_gradient") if topic in answers}
        for chapter in chapters.CHAPTERS}
    (out / "_static" / "by_hand.json").write_text(json.dumps(by_hand), encoding="utf-8")
    front_page(out)
    print(f"{len(NAMES)} pages in {out}")


if __name__ == "__main__":
    sys.exit(cli.main(run, parse, sys.argv[1:]))
