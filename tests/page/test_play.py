"""scripts/play.py without a browser: who may ask, what is refused, and how it starts and ends."""

import concurrent.futures
import json
import os
import re
import signal
import socket
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from child import start
from page_client import FACE, ask, message, raw, request, serving

import tinyfer
from tinyfer.commands import play
from tinyfer.page import picture as page_picture
from tinyfer.page.message import Gone
from tinyfer.page.server import FILES, Handler, listen
from tinyfer.page.strips import EXPLAINED
from tinyfer.page.worker import Worker

ROOT = Path(tinyfer.__file__).parents[1]
FIVE = dict(network="five-class-study")


@pytest.fixture(scope="module")
def server():
    with serving() as one:
        yield one


def alive(server):
    """The server answers as if nothing had happened."""
    answer, _ = ask(server, "answer", FIVE, FACE)
    return abs(sum(answer["probabilities"]) - 1) < 1e-5


def refused(server, sent, status, words, **options):
    got, headers, body = raw(server, sent, **options)
    sentence = json.loads(body)["error"]
    assert got == status and re.search(words, sentence), (got, sentence)
    assert len(sentence) < 200 and "\n" not in sentence
    assert headers["Connection"] == "close"


# Who may ask

ASK = message(FIVE, FACE)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1:1", "127.0.0.1:{port}.example.org",
                                  None])
def test_another_host_is_refused(server, host):
    host = host and host.format(port=server.port)
    for method, path in ("GET", f"/{server.token}/"), ("POST", None):
        refused(server, request(server, path, method, Host=host), 403, "is for 127.0.0.1")


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://127.0.0.1:1", None])
def test_another_origin_is_refused(server, origin):
    origin = origin and origin.format(port=server.port)
    refused(server, request(server, body=ASK, Origin=origin), 403, "only the page itself")


@pytest.mark.parametrize("token", ["", "{token}x", "ä", "{short}"])
def test_without_the_token_there_is_nothing(server, token):
    token = token.format(token=server.token, short=server.token[:-1])
    for path in f"/{token}/answer", f"/{token}", "/":
        for method in "GET", "POST":
            refused(server, request(server, path, method), 404, "address")


def test_localhost_is_this_machine_too(server):
    name = f"localhost:{server.port}"
    sent = request(server, body=ASK, Host=name, Origin=f"http://{name}")
    assert raw(server, sent, seconds=60)[0] == 200


def test_the_browser_finds_the_address_in_a_private_file():
    with serving() as one, serving() as other:
        assert other.token != one.token and len(one.token) >= 20
        door = play.write_door(one.address)
        assert one.address in door.read_text() and one.token not in str(door)
        assert os.name == "nt" or stat.S_IMODE(door.stat().st_mode) == 0o600
        door.unlink()


# What is served

def test_every_file_and_its_headers(server):
    assert {"", "main.js", "style.css", "icon.svg"} <= FILES.keys()
    for name, (kind, content) in FILES.items():
        sent = request(server, f"/{server.token}/{name}", "GET")
        status, headers, body = raw(server, sent)
        assert status == 200 and body == content and headers["Content-Type"].startswith(kind)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["../server.py", "%2e%2e/server.py", "/etc/passwd", "a" * 5000])
def test_no_other_file_is_served(server, path):
    refused(server, request(server, f"/{server.token}/{path}", "GET"), 404, "no such file")


def test_the_page_loads_nothing_from_elsewhere():
    for name, (_, content) in FILES.items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.|@import|\bon[a-z]+=\"|style=\"", text), name
        assert not re.search(r"localStorage|eval\(|@keyframes|transition", text), name


def colours(scheme):
    """The colours of a scheme of the page's style, as (3,) arrays of 0 to 1, by their names."""
    parts = re.findall(r"^:root.*?\{(.*?)\}", FILES["style.css"][1].decode(), re.M | re.S)
    found = {}
    for part in parts[:1 + (scheme == "dark")]:
        for name, value in re.findall(r"--([\w-]+): ([^;]+);", part):
            if value.startswith("#"):
                found[name] = np.array([int(value[n:n + 2], 16) for n in (1, 3, 5)]) / 255
            elif re.fullmatch(r"\d+ \d+ \d+", value):
                found[name] = np.array([int(each) for each in value.split()]) / 255
    return found


def contrast(one, other):
    """WCAG 2.2: the ratio of the brighter to the darker colour."""
    light = [np.dot([0.2126, 0.7152, 0.0722],
                    np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)) + 0.05
             for c in (one, other)]
    return max(light) / min(light)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_colours_can_be_told_apart(scheme):
    """Text as WCAG asks (AA), and blue from orange by people who lack red or green cones, whose
    vision is that of Machado, Oliveira and Fernandes 2009, table 1, severity 1."""
    c = colours(scheme)
    for ground in "card", "paper":
        assert contrast(c["ink"], c[ground]) >= 7 and contrast(c["soft"], c[ground]) >= 4.5
    assert contrast(c["card"], c["plus"]) >= 4.5, "the words on a pressed button"
    assert contrast(c["minus"], c["card"]) >= 3
    protan = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
              [-0.011820, 0.042940, 0.968881]]
    for seen in np.eye(3), np.array(protan), np.array(deutan):
        for plus, minus in ("plus", "minus"), ("plus-rgb", "minus-rgb"):
            assert np.abs(seen @ (c[plus] ** 2.2 - c[minus] ** 2.2)).max() > 0.2


def test_every_place_named_on_the_page_exists():
    text = FILES[""][1].decode()
    places = re.findall(r"(?:Chapter (\d+)[^:]*:\s*)?<code>([^<]+)</code>", text)
    places += [(str(chapter), code) for chapter, code in EXPLAINED.values()]
    assert len(places) >= 15
    for chapter, code in places:
        path, _, names = code.partition(": ")
        source = (ROOT / path).read_text()
        for name in names.split("."):
            assert re.search(rf"\b(def|class) {name}\b", source), code
        if chapter:
            assert len(list((ROOT / "docs").glob(f"{int(chapter):02}-*.md"))) == 1


# Bad questions

UNIT = FIVE | dict(layer=0, i=0, j=0, k=0, target="happy")
NUDGE = FIVE | dict(parameter="conv1.w", index=0, label="happy", trained=False, curve=False)
STEP = FIVE | dict(label="happy", rate=1e-4, steps=1, reset=False, tab=1)
DRAW = dict(expression="happy", person=0, measures={})
BAD = [
    ("answer", b"{", b"", "no valid JSON"),
    ("answer", b"[" * 9000, b"", "no valid JSON"),
    ("answer", b"[1]", b"", "no JSON object"),
    ("answer", {}, FACE, "has no 'network'"),
    ("answer", dict(network=3), FACE, "network is 3; expected one of drawn-too"),
    ("answer", dict(network="x" * 9000), FACE, r"network is x+\.\.\.; expected"),
    ("answer", FIVE, FACE[:-1], r"2,256 bytes came with the question; expected 48 x 48"),
    ("draw", DRAW | dict(expression="a\nb"), b"", 'expression is "a.nb"; expected one of angry'),
    ("draw", DRAW | dict(person=True), b"", "person is true; expected a whole number from 0"),
    ("draw", DRAW | dict(measures=[1]), b"", "measures is"),
    ("draw", DRAW | dict(measures=dict(scale=0.0)), b"", "measures is"),
    ("draw", DRAW | dict(measures=dict(open=9)), b"", "measures is"),
    ("draw", b'{"expression": "happy", "person": 0, "measures": {"open": 1e999}}', b"", "measures"),
    ("cut", dict(width=9000, height=9000), b"", "height is 9000; expected a whole number from 1"),
    ("map", FIVE | dict(target="happy", method="gradient"), bytes(2304), "single grey"),
    ("unit", UNIT | dict(layer=23), FACE, "layer is 23; expected a whole number from 0 to 22"),
    ("unit", UNIT | dict(k=32), FACE, "k is 32; expected a whole number from 0 to 31"),
    ("nudge", NUDGE | dict(value=int("9" * 4000)), FACE, r"value is 9+\.\.\.; expected a number"),
    ("nudge", NUDGE | dict(value=float("nan")), FACE, "value is NaN"),
    ("step", STEP | dict(rate=0), FACE, "rate is 0; expected a number from 1e-06 to 0.1"),
    ("step", STEP | dict(reset="no"), FACE, "reset is no; expected true or false"),
]


@pytest.mark.parametrize("name, fields, body, words", BAD, ids=lambda each: str(each)[:20])
def test_a_bad_question_gets_one_sentence(server, name, fields, body, words):
    content = message(fields, body)
    refused(server, request(server, f"/{server.token}/{name}", body=content), 400, words)


@pytest.mark.parametrize("content, words", [
    (b"", "cut short"), (b"\xff\xff\xff\xff{}", "cut short"), (message(FIVE)[:-1], "cut short")])
def test_a_message_that_is_not_whole_is_refused(server, content, words):
    refused(server, request(server, body=content), 400, words)


@pytest.mark.parametrize("length, status, words", [
    (None, 411, "Content-Length"), ("-1", 411, "Content-Length"), ("²", 411, "Content-Length"),
    (2 * 2**20 + 1, 413, "at most 2,097,152 bytes"), ("9" * 5000, 413, "at most"),
    (3000, 400, "ends 6.. bytes too early")])
def test_a_wrong_length_is_refused(server, length, status, words):
    refused(server, request(server, body=ASK, Content_Length=length), status, words, finish=True)


def test_two_hundred_at_once(server):
    good = request(server, body=ASK)
    others = [request(server, body=ASK, Host="example.org"),
              request(server, body=message(FIVE)), request(server, token="x"),
              request(server, body=message(FIVE), Content_Length=10**9)]
    sent = [good if n % 10 == 0 else others[n % 4] for n in range(200)]
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        found = list(pool.map(lambda each: raw(server, each, seconds=60)[0], sent))
    assert set(found[::10]) == {200} and {status // 100 for status in found} == {2, 4}
    assert alive(server)


@pytest.mark.parametrize("sent", [b"POST / HT", b"all but the end"])
def test_the_slow_are_sent_away_and_hold_nobody_up(server, monkeypatch, sent):
    monkeypatch.setattr(Handler, "timeout", 1)
    sent = sent if sent.startswith(b"POST") else request(server, body=ASK)[:-99]
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(50)]
    for each in slow:
        each.sendall(sent)
    assert alive(server)
    for each in slow:
        with each:
            assert each.recv(100) == b""


# Turns

def test_what_nobody_waits_for_is_not_computed():
    worker, done = Worker(), []
    worker.start()
    with pytest.raises(Gone):
        worker.ask(lambda: done.append(1), gone=lambda: True)
    worker.ask(lambda: done.append(2))
    assert done == [2]


def test_quick_questions_go_before_the_rest_of_a_long_one():
    worker, order, begun, go_on = Worker(), [], threading.Event(), threading.Event()
    worker.start()

    def long():
        begun.set()
        go_on.wait()
        worker.pause()
        order.append("long")

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(worker.ask, long, quick=False)]
        begun.wait()
        asked.append(pool.submit(worker.ask, lambda: order.append("next long"), quick=False))
        asked.append(pool.submit(worker.ask, lambda: order.append("quick")))
        while not (worker._quick and worker._long):
            time.sleep(0.001)
        go_on.set()
        concurrent.futures.wait(asked)
    assert order == ["quick", "long", "next long"]


def test_a_long_answer_ends_when_the_asker_hangs_up(server, monkeypatch):
    """The map stops at its next piece; what comes after does not wait for the rest."""
    pieces = []
    pause = server.questions.worker.pause

    def counted(gone):
        pieces.append(1)
        time.sleep(0.05)
        pause(gone)

    monkeypatch.setattr(server.questions.worker, "pause", counted)
    fields = FIVE | dict(target="happy", method="occlusion")
    sent = request(server, f"/{server.token}/map", body=message(fields, FACE))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(sent)
        while not pieces:
            time.sleep(0.001)
    assert alive(server)
    ask(server, "map", FIVE | dict(target="happy", method="gradient"), FACE)
    assert len(pieces) < 10     # occlusion alone takes 16


def test_an_error_of_our_own_is_said_and_survived(server, monkeypatch, capsys):
    monkeypatch.setitem(server.questions.known, "answer", (lambda question: 1 / 0, True))
    status, _, body = raw(server, request(server, body=message(FIVE, FACE)))
    assert status == 500 and "error of its own" in json.loads(body)["error"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.undo()
    assert alive(server)


# The command

def test_a_port_in_use_gives_the_next_one(server):
    said = []
    taken = server.port
    second = listen(taken, server.questions, said.append)
    second.server_close()
    assert taken < second.port < taken + 20
    assert said[0] == f"Port {taken}: Address already in use."


@pytest.mark.parametrize("arguments, words", [
    (["--port", "70000"], "expected a port from 0 to 65535, got 70000"),
    (["nowhere"], "nowhere is neither a file nor")])
def test_the_command_says_what_is_wrong(refused, arguments, words):
    assert words in refused(play.main, *arguments)


def test_a_picture_needs_chromium(monkeypatch, refused, tmp_path):
    assert "ends in .webp or .gif" in refused(play.main, "--picture", tmp_path / "a.jpg")
    monkeypatch.setattr(page_picture, "chromium", lambda: None)
    assert re.match("a picture of the page needs (Playwright|Chromium)",
                    refused(play.main, "--picture", tmp_path / "a.gif"))


def test_ctrl_c_ends_it_at_once_and_nothing_is_written(tmp_path, monkeypatch):
    """Even with a connection open and a question half asked."""
    monkeypatch.chdir(tmp_path)
    started = start("-m", "tinyfer", "play", "--no-browser", "--port", "0",
                    PYTHONDONTWRITEBYTECODE="1")
    lines = [started.stdout.readline() for _ in range(3)]
    address = re.search(r"http://127\.0\.0\.1:(\d+)/[\w-]{22}/", "".join(lines))
    with socket.create_connection(("127.0.0.1", int(address[1]))) as connection:
        connection.sendall(f"POST {address[0]}".encode())
        started.send_signal(signal.SIGINT)
        out, error = started.communicate(timeout=10)
    assert started.returncode == 0 and error == "" and out.endswith("Closed.\n")
    assert not list(tmp_path.iterdir())
