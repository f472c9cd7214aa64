"""What tests do with a page in a browser, and what they read off it."""

import time

import numpy as np
import pytest

from tinyfer.data.drawn import draw_face

SECONDS = 90        # of patience: the first picture may have to wait for kernels to be compiled


def until(page, condition, words="the page"):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"{words} is not as it should be after {SECONDS} seconds"
        page.wait_for_timeout(10)


def rest(page):
    """Wait until nothing is computed any more."""
    page.wait_for_timeout(30)
    until(page, lambda: page.locator("[aria-busy=true]").count() == 0)


def pixels(page, selector="#face"):
    """The grey values of a canvas of 48 x 48 pixels."""
    values = page.evaluate("""selector => {
        const canvas = document.querySelector(selector);
        return [...canvas.getContext("2d").getImageData(0, 0, 48, 48).data]; }""", selector)
    return np.array(values, np.uint8).reshape(48, 48, 4)[..., 0]


def set_slider(page, selector, value):
    page.eval_on_selector(selector, """(input, value) => {
        input.value = value; input.dispatchEvent(new Event("input")); }""", value)


def shown(page, table="#answer"):
    """The numbers of a table of bars, by their names."""
    return dict(page.eval_on_selector_all(f"{table} tr", """rows => rows.map(row =>
        [row.querySelector("th").innerText, Number(row.querySelector(".value").innerText)])"""))


def assert_answers(page, model, face, table="#answer"):
    for name, p in zip(model.class_names, model.predict_proba(face)):
        assert shown(page, table)[name] == pytest.approx(p, abs=0.006)


def close(face, other, mean=2.0):
    return np.abs(face.astype(int) - other).mean() < mean


def serious_faults(page):
    """What axe-core finds on a page that is serious or critical: the rules, and where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright",
                              reason="needs the browser extra").Axe()
    return [(each["id"], [node["target"] for node in each["nodes"]])
            for each in axe.run(page).response["violations"]
            if each["impact"] in ("serious", "critical")]


def write_camera(path):
    """A film of a drawn face that goes from left to right, as Chromium reads it for a camera."""
    frames = []
    for n in range(120):
        face = np.full((240, 320), 128, np.uint8)
        face[60:220, 20 + n:20 + n + 160] = draw_face("surprise", size=160)
        frames.append(b"FRAME\n" + face.tobytes() + bytes([128]) * (2 * 120 * 160))
    path.write_bytes(b"YUV4MPEG2 W320 H240 F5:1 Ip A1:1 C420jpeg\n" + b"".join(frames))
