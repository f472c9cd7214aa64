"""report.html: one self-contained page about a run, to be opened in any browser.

Scores are the text of report.txt, curves are SVG, faces are PNG inside the page; nothing is loaded
from anywhere. It shows photographs of the data set and therefore stays on the machine it was made
on.
"""

import base64
import io
from html import escape

from PIL import Image

from tinyfer.scores import metrics, plots
from tinyfer.storage.arrays import atomic_write
from tinyfer.training.runs import describe_threads

# One column on a phone, two on a desktop.
STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 0 16px 40px; background: #fff; color: #1a1a1a;
       font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
header { border-bottom: 3px solid #003b73; margin-bottom: 20px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 24px 0 4px; }
h2 { font-size: 1.15rem; margin: 0 0 8px; }
p { margin: 0 0 10px; }
main { display: grid; gap: 36px 44px;
       grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
section { min-width: 0; }
section:has(ul) { grid-column: 1 / -1; }
.banner { padding: 10px 14px; border: 2px solid #b34a00; font-weight: 600; }
pre { overflow-x: auto; font: 0.82rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
td, th { padding: 3px 12px 3px 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
figure { margin: 0; max-width: 560px; }
svg { display: block; width: 100%; height: auto; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 14px 10px; font-size: 0.88rem;
     grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); }
img { display: block; width: 96px; height: 96px; margin-bottom: 4px; }
@media print { section { break-inside: avoid; } }
"""


def write_report(path, run, part, probabilities, result, text, mistakes):
    """Write the page.

    run: `tinyfer.training.runs.Run`; part: what was scored, with probabilities (N, K), result, the
    dict of `tinyfer.training.evaluation.score` with heading, verdict and what, and the text of
    report.txt; mistakes: indices of the wrong predictions to show.
    """
    names, heading = part.class_names, escape(result["heading"])
    scores = text.split("\n\n", 1)[1]
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{heading}</title>'
        f"<style>{STYLE}</style></head><body><header><h1>{heading}</h1>"
        f"<p><b>{escape(result['verdict'])}</b></p><p>{escape(result['what'])}. Weights of the "
        "best epoch on validation.</p></header>"
        + '<p class="banner">These are drawn faces: the scores say nothing about FER-2013.</p>'
        * (part.source == "drawn faces")
        + f"<main>{_section('Scores', f'<pre>{escape(scores)}</pre>')}"
        + _section("Confusion matrix", _chart(
            plots.confusion, result["confusion_matrix"], names, name="Confusion matrix"))
        + (_section("Learning curves", _learning(run.history)) if run.history else "")
        + _section("ROC curves", _roc(part.labels, probabilities, names))
        + _section("Calibration", _calibration(result["calibration"]))
        + (_section("Merged to positive and negative", _chart(
            plots.thresholds, result["binarized"]["thresholds"], name="What the threshold does"))
           if "binarized" in result else "")
        + _section("The most confident mistakes", _mistakes(part, probabilities, mistakes))
        + (_section("Configuration", _configuration(run)) if run.about else "")
        + "</main></body></html>\n")
    with atomic_write(path) as file:
        file.write(page.encode())


def _section(title, content):
    return f"<section><h2>{title}</h2>{content}</section>"


def _chart(draw, *arguments, **options):
    return f"<figure>{plots.as_svg(draw, *arguments, **options)}</figure>"


def _learning(history):
    best = max(history, key=lambda row: row["val_accuracy"])
    return (f"<p>Best epoch on validation: {best['epoch']} of {len(history)}, accuracy "
            f"{best['val_accuracy']:.3f}. Training images are augmented and seen with dropout.</p>"
            + "".join(_chart(plots.learning_curves, history, name=quantity, quantities=[quantity])
                      for quantity in ("accuracy", "loss")))


def _roc(labels, probabilities, names):
    curves = metrics.roc_per_class(labels, probabilities)
    if not any(curves):
        return "<p>Undefined: there are images of one class only.</p>"
    return ("<p>One class against the rest; the number is the area under the curve, 0.5 for "
            f"guessing (dotted).</p>{_chart(plots.roc, curves, names, name='ROC curves')}")


def _calibration(calibration):
    gap = calibration["confidence"] - calibration["accuracy"]
    word = "overconfident" if gap > 0 else "underconfident"
    return (f"<p>Expected calibration error {calibration['ece']:.3f}: mean confidence "
            f"{calibration['confidence']:.3f}, accuracy {calibration['accuracy']:.3f}, so {word} "
            f"by {abs(gap):.3f}. On the dotted line, 80 % sure would mean right in 80 % of cases. "
            "Where there are only a few images there is no dot.</p>"
            f"{_chart(plots.calibration, calibration, name='Reliability diagram')}")


def _mistakes(part, probabilities, mistakes):
    if not len(mistakes):
        return "<p>None: every prediction is right.</p>"
    items = []
    for i in mistakes:
        true, guess = part.class_names[part.labels[i]], part.class_names[probabilities[i].argmax()]
        items.append(f'<li><img alt="a face labelled {escape(true)}" src="{_png(part.faces[i])}">'
                     f"<b>{escape(true)}</b><br>seen as {escape(guess)}<br>"
                     f"{100 * probabilities[i].max():.1f} % sure</li>")
    local = ("" if part.source != "FER-2013" else
             " These are third-party photographs: keep this page to yourself.")
    return ("<p>The label, and what the network was surest of instead. Some of these labels are "
            f"wrong, some faces are no faces.{local}</p><ul>{''.join(items)}</ul>")


def _png(face):
    file = io.BytesIO()
    Image.fromarray(face).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _configuration(run):
    about = run.about
    machine = about["machine"]
    rows = {name.replace("_", " "): value
            for name, value in (run.config.as_dict() | run.config.recipe.as_dict()).items()
            if name not in ("data", "recipe", "name") and value is not None} | {
        "experiment": run.experiment.number or "not one of the study's",
        "values, of them trained": f"{about['parameters']:,}, {about['trainable_parameters']:,}",
        "machine": f"{machine['cpu']}, {describe_threads(about['threads'])}",
        "software": ", ".join([f"Python {machine['python']}", *(
            f"{name} {version}" for name, version in machine["versions"].items() if version)])}
    return "<table>" + "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(str(value))}"
                               "</td></tr>" for name, value in rows.items()) + "</table>"
