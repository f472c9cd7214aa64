"""The website: it builds, every link in it leads somewhere, and nothing comes from elsewhere."""

import re
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chapters
import pytest
import website

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://code.example/tinyfer/blob/abc"
WEIGHT = 400_000        # bytes of a page with its styles and scripts
LOADS = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src"}


@pytest.fixture(scope="module")
def pages(site):
    """{path: its tree}, each read by the rules of HTML: a breach of them is an error here."""
    html5lib = pytest.importorskip("html5lib", reason="needs the docs extra")
    return {path: html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
            .parse(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_chapter_is_there_with_its_neighbours(site, pages):
    for chapter, after in zip(chapters.CHAPTERS, [*chapters.CHAPTERS[1:], None]):
        tree = pages[site / f"{chapter.page.stem}.html"]
        title = "".join(tree.find(".//h1").itertext())
        assert title.startswith(f"{chapter.number} {chapter.title}")
        following = tree.find(".//a[@class='next-page']")
        assert after is None or following.get("href") == f"{after.page.stem}.html"


def test_every_link_and_anchor_leads_somewhere(site, pages):
    anchors = {path: {each.get("id") for each in tree.iter() if each.get("id")}
               for path, tree in pages.items()}
    followed = 0
    for path, tree in pages.items():
        for each in tree.iter():
            link = each.get("href") or each.get("src")
            if not link or urlsplit(link).scheme or not isinstance(each.tag, str):
                continue
            target, _, anchor = unquote(link).partition("#")
            target = (path.parent / target.partition("?")[0]).resolve() if target else path
            assert target.is_file(), f"{path.name}: {link}"
            assert not anchor or anchor in anchors.get(target, [anchor]), f"{path.name}: {link}"
            followed += 1
    assert followed > 3000


def test_pages_are_valid_beyond_their_syntax(pages):
    for path, tree in pages.items():
        ids = [each.get("id") for each in tree.iter() if each.get("id")]
        assert len(ids) == len(set(ids)), path.name
        assert tree.find("[@lang='en']") is not None and tree.find(".//title").text, path.name
        for picture in tree.iter("img"):
            assert picture.get("alt") and picture.get("loading") == "lazy", path.name


def test_nothing_is_asked_for_elsewhere(site, pages):
    for path, tree in pages.items():
        for each in tree.iter():
            link = each.get(LOADS.get(each.tag), "")
            assert not re.match(r"(?!data:)\w+:|//", link), f"{path.name}: {link}"
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(['\"]?(https?:)?//|(from|import\(|fetch\() ?['\"]http",
                             text), path.name


def test_a_page_weighs_less_than_400_kB(site, pages):
    """With its styles and scripts, and all that those import; the search's index is on demand."""
    def weight(path, seen):
        path = path.resolve()
        if path in seen or not path.is_file():
            return 0
        seen.add(path)
        text, more = path.read_text(encoding="utf-8"), []
        if path.suffix == ".js":
            more = re.findall(r"(?:from |import\()\"(\.[^\"]+)\"", text)
        return path.stat().st_size + sum(weight(path.parent / each, seen) for each in more)

    for path, tree in pages.items():
        seen = set()
        total = weight(path, seen)
        for each in tree.findall("head//"):
            name = (each.get("src") or each.get("href") or "").partition("?")[0]
            if name.endswith((".js", ".css")):
                total += weight(path.parent / name, seen)
        assert total < WEIGHT, f"{path.name}: {total:,}"


def test_text_needs_no_script(pages):
    """Formulas and coloured code stand in the page itself."""
    chapters_ = [tree for path, tree in pages.items() if path.name[:2].isdigit()]
    assert sum(len(tree.findall(".//{*}math")) for tree in chapters_) > 1500
    assert sum(len(tree.findall(".//pre/span")) for tree in chapters_) > 1500
    assert not any(re.search(r"\$|\\\w", "".join(p.itertext()))
                   for tree in chapters_ for p in tree.iter("p"))


def test_links_to_code_lead_to_its_line_at_a_commit():
    page = chapters.CHAPTERS[chapters.of("convolution") - 1].page
    text = website.written(page, ADDRESS)
    found = re.search(r"\[`conv2d_backward` in `([\w/.]+)`\]\((\S+)#L(\d+)\)", text)
    assert found[2] == f"{ADDRESS}/{found[1]}"
    line = (ROOT / found[1]).read_text(encoding="utf-8").splitlines()[int(found[3]) - 1]
    assert line.startswith("def conv2d_backward(")
    assert "](../" not in text and "](solutions" not in text
    assert "tinyfer/core/layers.py`](" not in website.written(page, "")


def test_a_folder_of_something_else_is_refused(tmp_path, refused):
    (tmp_path / "thesis.txt").write_text("years of work")
    main = partial(website.cli.main, website.run, website.parse)
    assert "holds something else" in refused(main, "--out", tmp_path)
    assert (tmp_path / "thesis.txt").exists()
