"""scripts/play.py without a browser: who may ask, what is refused, and how it starts and ends."""

import concurrent.futures
import json
import re
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from child import start
from page_client import FACE, message, request, serving

import tinyfer
from tinyfer.commands import play
from tinyfer.page import picture as page_picture
from tinyfer.page.server import FILES, Handler, listen
from tinyfer.page.strips import EXPLAINED
from tinyfer.page.worker import Worker

ROOT = Path(tinyfer.__file__).parents[1]
FIVE = dict(network="five-class-study")
ASK = message(FIVE, FACE)


@pytest.fixture(scope="module")
def server():
    with serving() as one:
        yield one


def refused(server, status, words, *asked, **options):
    got, headers, body = request(server, *asked, **options)
    sentence = json.loads(body)["error"]
    assert got == status and re.search(words, sentence), (got, sentence)
    assert len(sentence) < 200 and "\n" not in sentence and headers["Connection"] == "close"


# Who may ask

@pytest.mark.parametrize("host", ["example.org", "127.0.0.1:1", "127.0.0.1:{port}.example.org",
                                  None])
def test_another_host_is_refused(server, host):
    host = host and host.format(port=server.server_port)
    for method, name in ("GET", ""), ("POST", "answer"):
        refused(server, 403, "is for 127.0.0.1", name, ASK, method, Host=host)


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://127.0.0.1:1", None])
def test_another_origin_is_refused(server, origin):
    refused(server, 403, "only the page itself", body=ASK, Origin=origin)


@pytest.mark.parametrize("token", ["x", "{token}x", "{short}", "%C3%A4"])
def test_without_the_token_there_is_nothing(server, token):
    token = token.format(token=server.token, short=server.token[:-1])
    for method in "GET", "POST":
        refused(server, 404, "address", method=method, token=token)
    with serving() as other:
        assert other.token != server.token and len(other.token) >= 20


# What is served

def test_every_file_and_its_headers(server):
    assert {"", "main.js", "style.css", "icon.svg"} <= FILES.keys()
    for name, (kind, content) in FILES.items():
        status, headers, body = request(server, name, method="GET")
        assert status == 200 and body == content and headers["Content-Type"].startswith(kind)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("path", ["../server.py", "%2e%2e/server.py", "/etc/passwd"])
def test_no_other_file_is_served(server, path):
    refused(server, 404, "no such file", path, method="GET")


def test_nothing_comes_from_elsewhere_or_moves_unasked():
    for name, (_, content) in FILES.items():
        text = content.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.|@import|\bon[a-z]+=\"|style=\"|localStorage"
                             r"|eval\(|@keyframes|transition", text), name


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

@pytest.mark.parametrize("name, content, words", [
    ("answer", b"", "no valid JSON"), ("answer", message(b"[1", FACE), "no valid JSON"),
    ("answer", message({}, FACE), "network"),
    ("answer", message(dict(network="/etc/passwd"), FACE), "/etc/passwd is none of the networks"),
    ("answer", message(FIVE, FACE[:-1]), "2256"), ("draw", message([1]), "list"),
    ("map", message(FIVE | dict(target="happy", method="gradient"), bytes(2304)), "single grey")],
    ids=range(7))
def test_a_bad_question_gets_one_sentence(server, name, content, words):
    refused(server, 400, words, name, content)


@pytest.mark.parametrize("length, status, words", [
    (None, 411, "Content-Length"), ("-1", 411, "Content-Length"),
    (2 * 2**20 + 1, 413, "at most 2,097,152 bytes"), ("9" * 5000, 413, "at most")])
def test_a_wrong_length_is_refused(server, length, status, words):
    refused(server, status, words, Content_Length=length)


def test_the_slow_are_sent_away_and_hold_nobody_up(server, monkeypatch):
    monkeypatch.setattr(Handler, "timeout", 1)
    slow = [socket.create_connection(server.server_address, timeout=5) for _ in range(50)]
    for each in slow:
        each.sendall(b"POST / HT")
    assert request(server, body=ASK)[0] == 200
    for each in slow:
        with each:
            assert each.recv(100) == b""
    monkeypatch.setattr(Handler, "patience", 1.5)
    with socket.create_connection(server.server_address, timeout=0.3) as drip:
        for _ in range(20):                     # each byte comes in time, the end never
            with suppress(TimeoutError):
                drip.sendall(b"a")
                drip.recv(100)                  # the end of it, or that it is no question
                return
    raise AssertionError("a head that never ends is read for ever")


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


def test_an_error_of_our_own_is_said_and_survived(server, monkeypatch, capsys):
    monkeypatch.setitem(server.questions.known, "answer", (lambda question: 1 / 0, True))
    refused(server, 500, "error of its own", body=ASK)
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.undo()
    assert request(server, body=ASK)[0] == 200


# The command

def test_a_port_in_use_gives_another_one(server):
    second = listen(server.server_port, server.questions)
    second.server_close()
    assert second.server_port not in (0, server.server_port)


@pytest.mark.parametrize("arguments, words", [
    (["--port", "70000"], "expected a whole number from 0 to 65535"),
    (["nowhere"], "nowhere is neither a file nor"), (["--picture", "a.jpg"], ".webp or .gif")])
def test_the_command_says_what_is_wrong(refused, arguments, words):
    assert words in refused(play.main, *arguments)


def test_a_picture_needs_chromium(monkeypatch, refused, tmp_path):
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
