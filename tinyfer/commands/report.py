"""report.html: one self-contained page about a run, to be opened in any browser.

Numbers are HTML, curves are SVG, faces are PNG inside the page; nothing is loaded from anywhere.
The page shows photographs of the data set and therefore stays on the machine it was made on.
"""

import base64
import io
from html import escape
from pathlib import Path

from PIL import Image

from tinyfer.scores import metrics, plots
from tinyfer.storage.arrays import atomic_write
from tinyfer.training.runs import describe_threads

STYLE = Path(__file__).with_name("report.css")


def write_report(path, run, part, probabilities, result, mistakes, parts=None):
    """Write the page.

    run: `tinyfer.training.runs.Run`; part: what was scored, with probabilities (N, K) and result,
    the dict of `tinyfer.training.evaluation.score` with heading, verdict and what; mistakes:
    indices of the wrong predictions to show; parts: all three of the run's data, if part is of it.
    """
    names, heading = part.class_names, escape(result["heading"])
    sections = [
        _tiles(result),
        _section("Scores of each class", _scores(result, names)),
        _section("Confusion matrix", _chart(
            plots.confusion, result["confusion_matrix"], names, name="Confusion matrix")),
        _section("Learning curves", _learning(run.history)) if run.history else "",
        _section("ROC curves", _roc(part.labels, probabilities, names)),
        _section("Calibration", _calibration(result["calibration"])),
        _section("Merged to positive and negative", _binarized(result["binarized"]))
        if "binarized" in result else "",
        _section("The most confident mistakes", _mistakes(part, probabilities, mistakes)),
        _section("Images of each class", _counts(parts._asdict() if parts else {"scored": part})),
        _section("Configuration", _configuration(run)) if run.about else "",
    ]
    banner = "" if part.source != "drawn faces" else (
        '<p class="banner">These are drawn faces: the scores say nothing about FER-2013.</p>')
    style = STYLE.read_text(encoding="utf-8")
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{heading}</title>'
        f"<style>{style}</style></head><body><header><h1>{heading}</h1>"
        f"<p><b>{escape(result['verdict'])}</b></p><p>{escape(result['what'])}. Weights of the "
        f"best epoch on validation.</p></header>{banner}<main>"
        f'{"".join(sections)}</main></body></html>\n'
    )
    with atomic_write(path) as file:
        file.write(page.encode())


def _section(title, content):
    wide = ' class="wide"' if "<!--wide-->" in content else ""
    return f"<section{wide}><h2>{title}</h2>{content}</section>"


def _number(value, digits=3):
    return "–" if value is None else f"{value:.{digits}f}"


def _table(head, rows, kind=""):
    """head and rows: strings, escaped already. The first column is the row's heading."""
    lines = ["<tr>" + "".join(f"<th scope='col'>{cell}</th>" for cell in head) + "</tr>"]
    for first, *cells in rows:
        lines.append(f"<tr><th scope='row'>{first}</th>"
                     + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f'<div class="scroll"><table class="{kind}">{"".join(lines)}</table></div>'


def _tiles(result):
    low, high = result["accuracy_interval"]
    tiles = [("accuracy", _number(result["accuracy"]), f"95 % interval {low:.3f} to {high:.3f}"),
             ("macro precision", _number(result["macro"]["precision"]), "mean over the classes"),
             ("macro AUC", _number(result["macro"]["auc"]), "area under the mean ROC curve"),
             ("calibration error", _number(result["calibration"]["ece"]), "0 is best")]
    clean = result.get("without_copies")
    if clean:
        copies = result["copies"]
        tiles.insert(1, ("accuracy without copies", _number(clean["accuracy"]),
                         f"leaving out {copies:,} image{'s' * (copies != 1)} with an exact copy "
                         "in training"))
    return '<div class="tiles">' + "".join(
        f"<div><span>{name}</span><b>{value}</b><small>{note}</small></div>"
        for name, value, note in tiles) + "</div>"


def _scores(result, names):
    keys = ("precision", "recall", "f1", "auc")
    rows = [(escape(name), *(_number(result["classes"][name][key]) for key in keys),
             f"{result['classes'][name]['support']:,}") for name in names
            if result["classes"][name]["support"]]
    rows.append(("macro mean", *(_number(result["macro"][key]) for key in keys),
                 f"{result['n']:,}"))
    return _table(("class", "precision", "recall", "F1", "AUC", "images"), rows, "last")


def _learning(history):
    best = max(history, key=lambda row: row["val_accuracy"])
    charts = "".join(_chart(plots.learning_curves, history, name=quantity, quantities=[quantity])
                     for quantity in ("accuracy", "loss"))
    note = (f"<p>Best epoch on validation: {best['epoch']} of {len(history)}, accuracy "
            f"{best['val_accuracy']:.3f}. Training images are augmented and seen with "
            "dropout.</p>")
    return f"<!--wide-->{note}<div class='pair'>{charts}</div>"


def _chart(draw, *arguments, **options):
    return f"<figure>{plots.as_svg(draw, *arguments, **options)}</figure>"


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


def _binarized(binarized):
    test = binarized["scores"]
    chart = _chart(plots.thresholds, binarized["thresholds"], name="What the threshold does")
    return (f"<p>Positive where P(happy) + P(surprise) exceeds {test['threshold']}: accuracy "
            f"{test['accuracy']:.3f}, precision of positive {test['precision']:.3f}, recall "
            f"{test['recall']:.3f}, AUC {test['auc']:.3f}.</p>{chart}")


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
    return (f"<!--wide--><p>The label, and what the network was surest of instead. Some of these "
            f"labels are wrong, some faces are no faces.{local}</p>"
            f"<ul class='faces'>{''.join(items)}</ul>")


def _png(face):
    file = io.BytesIO()
    Image.fromarray(face).save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _counts(parts):
    tables = []
    for name, part in parts.items():
        counts = part.counts()
        rows = [(escape(c), f'<span class="bar"><i style="width:{100 * n / counts.max():.1f}%"></i>'
                 f"</span>", f"{n:,}") for c, n in zip(part.class_names, counts) if n]
        tables.append(f"<div><h3>{name}: {len(part):,}</h3>"
                      f"{_table(('', '', 'images'), rows, 'counts')}</div>")
    return f"<!--wide--><div class='pair three'>{''.join(tables)}</div>"


def _configuration(run):
    about = run.about
    machine = about["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    rows = [(escape(name.replace("_", " ")), escape(str(value)))
            for name, value in (run.config.as_dict() | run.config.recipe.as_dict()).items()
            if name not in ("data", "recipe", "name") and value is not None]
    rows += [("experiment", escape(run.experiment.number) or "not one of the study's"),
             ("values stored", f"{about['parameters']:,}"),
             ("of them trained", f"{about['trainable_parameters']:,}"),
             ("machine", escape(f"{machine['cpu']}, {describe_threads(about['threads'])}")),
             ("software", escape(f"Python {machine['python']}, {versions}"))]
    return _table(("setting", "value"), rows, "words")
