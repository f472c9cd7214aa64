"""score_drawn.py: does a network say what the page's buttons and sliders say?"""

import numpy as np
import score_drawn


class Wide:
    """Calls every face happy, the surer the brighter it is."""

    class_names = ("fear", "happy")

    def predict_proba(self, faces):
        p = faces.mean(axis=(1, 2)) / 255
        return np.stack([1 - p, p], axis=1) * [0.1, 1]

    def predict(self, faces):
        return self.predict_proba(faces).argmax(axis=1)


def test_each_button_and_each_move_is_counted(monkeypatch, capsys):
    grey = {"fear": 100, "happy": 100, "neutral": 100}
    moved = {"lift": 1, "brow_in": -1, "open": 0}

    def draw_face(name, seed, **measures):
        # Three of four people brighten as the corners go up; none as the brows do.
        change = sum(moved[measure] for measure in measures) * (seed % 4 > 0)
        return np.full((48, 48), grey[name] + change, np.uint8)

    monkeypatch.setattr(score_drawn, "draw_face", draw_face)
    monkeypatch.setattr(score_drawn, "load_model", lambda place: Wide())
    assert score_drawn.main(["any", "--people", "8"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [["any,", "of", "8", "people"],
                    ["button", "fear", "0", "read", "so"], ["button", "happy", "8", "read", "so"],
                    "corners of the mouth up raises happy 6".split(),
                    "inner brows up, mouth open raises fear 6".split()]


def test_the_page_says_what_its_buttons_and_sliders_say(capsys):
    assert score_drawn.main(["drawn-too"]) == 0
    counts = [int(row.split()[-1 if "raises" in row else -3])
              for row in capsys.readouterr().out.splitlines()[1:]]
    assert len(counts) == 9 and min(counts[:7]) >= 95 and min(counts[7:]) >= 90
