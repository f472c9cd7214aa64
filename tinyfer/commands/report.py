"""What evaluate leaves behind: numbers, text, pictures, and one page that shows them all.

report.html loads nothing from anywhere: the pictures are inside it. It shows photographs of the
data set and therefore stays on the machine it was made on.
"""

import base64
from html import escape

from tinyfer.scores import plots
from tinyfer.storage.arrays import atomic_write
from tinyfer.training.evaluation import draw_scores, mistakes
from tinyfer.training.runs import write_json

STYLE = """
body { margin: 0 auto; max-width: 64rem; padding: 0 16px 40px; color: #1a1a1a; background: #fff;
       font: 16px/1.5 system-ui, sans-serif; }
pre { overflow-x: auto; font: 0.82rem/1.45 ui-monospace, monospace; }
img { display: block; max-width: 100%; }
"""


def write_report(folder, run, part, probabilities, result, text):
    """Write metrics.json, report.txt, the pictures, and report.html.

    run: `tinyfer.training.runs.Run`; part: what was scored, with probabilities (N, K), result, the
    dict of `tinyfer.training.evaluation.score` with heading, verdict and what, and the text.
    """
    write_json(folder / "metrics.json", result)
    _write(folder / "report.txt", text + "\n")
    drawn_faces = part.source == "drawn faces"
    page = (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>{escape(result["heading"])}</title>'
            f"<style>{STYLE}</style></head><body><h1>{escape(result['heading'])}</h1>"
            + "<p><b>These are drawn faces: the scores say nothing about FER-2013.</b></p>"
            * drawn_faces
            + f"<p><b>{escape(result['verdict'])}</b></p>"
            f"<pre>{escape(text.split(chr(10) * 2, 1)[1])}</pre>")
    for title, name in _pictures(folder, run, part, probabilities, result).items():
        content = base64.b64encode((folder / name).read_bytes()).decode()
        page += f'<h2>{title}</h2><img alt="{title}" src="data:image/png;base64,{content}">'
    _write(folder / "report.html", page + "</body></html>\n")


def _write(path, text):
    with atomic_write(path) as file:
        file.write(text.encode())


def _pictures(folder, run, part, probabilities, result):
    """Draw the pictures: {title: name of the file}."""
    names, title = part.class_names, result["what"]
    files = draw_scores(folder, part, probabilities, result, run.history, title)
    files["Calibration"] = "calibration.png"
    plots.calibration(result["calibration"], folder / "calibration.png", title)
    wrong = mistakes(part, probabilities)
    if len(wrong):
        files["The most confident mistakes"] = "mistakes.png"
        guesses = probabilities[wrong].argmax(axis=1)
        titles = [f"{names[label]},\nseen as {names[guess]}"
                  for label, guess in zip(part.labels[wrong], guesses)]
        plots.gallery(part.faces[wrong], titles, folder / "mistakes.png")
    return files
