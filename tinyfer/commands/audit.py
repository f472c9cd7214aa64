"""`tinyfer saliency --audit`: may one believe the maps? A table, methods by tests, and pictures.

The tests are those of tinyfer/explain; docs/saliency.md reads such a table.
"""

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.progress import Line
from tinyfer.data.drawn import EMOTIONS, draw_faces
from tinyfer.data.faces import blank
from tinyfer.explain.audit import LEAST, audit
from tinyfer.photo.reading import largest_face
from tinyfer.scores.plots import COLOURS, STYLES, drawing
from tinyfer.training.evaluation import parts_of
from tinyfer.training.runs import write_json

FACES = 60
MARKERS = "osD^vP*"
HEAD = """
               layers random, signs   pixels in the map's order   planted patch
                  kept      dropped      deletion    insertion     % of the map
method           all other   all other   own  mean   own  mean   patch decoy top"""
LEGEND = """
layers random: rank correlation with the map of the same network once all its
    layers are random; other: with another face's map. A map of what was learnt
    is near 0 and, where signs are dropped, not above other.
deletion, insertion: mean {of} while pixels are blurred (low is good) or
    made sharp (high is good), in the order of the face's own map, and of the
    mean map; * marks what is better by more than two standard errors.
planted patch: of a network, {right:.0f} % right, for which one patch tells all and a
    decoy nothing; top: how many maps have their highest point on the patch."""


def add_options(add):
    add("--audit", action="store_true", help="instead of maps, a table of three tests of them, "
        "with pictures (some minutes): on the faces of IMAGEs, if there are any, else on the test "
        "part of the data that the network was trained on")
    add("--data", metavar="PATH", help="in an audit: where these data are (default: where the run "
        "found them, TINYFER_DATA, ./data)")
    add("--drawn", type=cli.at_least(LEAST), metavar="N", help="in an audit: take N drawn faces")
    add("--faces", type=cli.at_least(LEAST), metavar="N", help="in an audit: how many faces have "
        f"their maps tested (default {FACES})")


def refuse_what_does_not_fit(given):
    for name in ("data", "drawn", "faces"):
        if getattr(given, name) is not None and not given.audit:
            raise ValueError(f"--{name} is for --audit")
    if given.audit and given.target:
        raise ValueError("--target is not for --audit, which explains the class that is predicted")
    if bool(given.images) + (given.data is not None) + (given.drawn is not None) > 1:
        raise ValueError("IMAGE, --data and --drawn contradict each other: an audit takes one")


def faces_of(given, run):
    """The faces (N, 48, 48) of --drawn or --data, and what they are."""
    if given.drawn:
        names = [name for name in EMOTIONS if name in run.model.class_names] or EMOTIONS
        return draw_faces(given.drawn, seed=1, class_names=names).faces, "drawn faces"
    part = parts_of(run, given.data, largest_face)[0].test
    return part.faces[~blank(part.faces)], part.source


def audit_maps(given, run, crops):
    """Test the maps of --method on crops (48, 48) of pictures, or the faces asked for: print the
    table, write audit.json and the pictures randomisation.png, deletion.png and planted.png."""
    faces, source = (np.stack(crops), "pictures") if crops else faces_of(given, run)
    line = Line()
    numbers, drawn = audit(run.model, faces, given.method, count=given.faces or FACES,
                           progress=line)
    line.done(f"audit on {numbers['faces']} faces ({source})")
    print(table(numbers))
    write_json(given.out / "audit.json", {"source": source} | numbers)
    title = f"{source}, {numbers['faces']} faces"
    draw_randomisation(numbers, given.out / "randomisation.png", title)
    draw_deletion(drawn, given.out / "deletion.png", numbers["of"], title)
    draw_planted(drawn["maps"], given.out / "planted.png",
                 f"{source} with a planted patch (left) and a decoy (right)")
    print(f"audit.json and three pictures are in {cli.printable(given.out)}")


def table(numbers):
    """The numbers of `tinyfer.explain.audit`, a line a method, at most 80 columns."""
    lines = [HEAD]
    for name, row in numbers["rows"].items():
        cells = [_two(row[kind][s]) if kind in row else "" for kind in ("signed", "absolute")
                 for s in (-2, -1)]
        for kind, sign in (("deletion", -1), ("insertion", 1)):
            found = row[kind]
            clear = sign * found.get("difference", 0) > 2 * found.get("difference_error", 0)
            cells += [_two(found["area"]) + ("*" if clear else " "),
                      _two(found["mean_map"]) if "mean_map" in found else ""]
        widths = 6, 6, 6, 6, 7, 5, 7, 5
        lines.append(f"{name:14}" + "".join(f"{cell:>{w}}" for cell, w in zip(cells, widths))
                     + "".join(f"{100 * row[key]:{w}.0f}" for key, w in
                               (("patch", 7), ("decoy", 6), ("highest", 4))))
    legend = LEGEND.format(of=numbers["of"], right=100 * numbers["accuracy"])
    return "\n".join([*lines, legend, ""])


def _two(value):
    return "-" if value is None else f"{value:.2f}"        # None: all maps are flat


def draw_randomisation(numbers, path, title=""):
    """Rank correlation with the trained network's maps, as layers are made random from the top; on
    the right that with the trained map of another face."""
    stages = numbers["stages"]
    x = np.arange(len(stages))
    with drawing(path, 9.6, 4.9, title) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, kind in zip(panels, ("absolute", "signed")):
            axes.axhline(0, color="#999999", linewidth=1)
            axes.axvline(len(stages) - 1.5, color="#999999", linewidth=1)
            rows = [(name, row[kind]) for name, row in numbers["rows"].items() if kind in row]
            for m, (name, values) in enumerate(rows):
                how = dict(color=COLOURS[m % 7], marker=MARKERS[m % 7], markersize=5)
                values = np.array(values, float)
                axes.plot(x[:-1], values[:-1], linestyle=STYLES[m % 7], label=name,
                          linewidth=2.6 if name == "guided" else 1.6, **how)
                axes.plot(x[-1:], values[-1:], **how)
            axes.set_xticks(x, stages, rotation=45, ha="right")
            axes.set(ylim=(-0.35, 1.03), title=f"{kind} maps",
                     xlabel="made random so far, from the output down to")
        panels[0].set_ylabel("rank correlation with the trained map")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center",
                      ncols=7, columnspacing=1.2, handlelength=2.8)


def draw_deletion(drawn, path, of="probability", title=""):
    """Mean F over the share of pixels blurred (above) or sharp (below), a column for every order:
    that of the face's own map, of the mean map, and a random one."""
    share, curves = drawn["share"], drawn["curves"]
    names = list(drawn["maps"])
    with drawing(path, 1.35 * len(names) + 0.8, 4.6, title) as figure:
        grid = figure.subplots(2, len(names), sharex=True, sharey=True, squeeze=False)
        for row, kind, changed in zip(grid, ("deletion", "insertion"), ("blurred", "sharp")):
            for axes, name in zip(row, names):
                for order, label, colour, style, width in (
                        (name, "the face's own map", COLOURS[0], STYLES[0], 2),
                        (f"{name}, mean map", "mean map, the same order for every face", COLOURS[1],
                         STYLES[1], 1.6),
                        ("random", "random order", "#7F7F7F", STYLES[2], 1.6)):
                    axes.plot(share, curves[order][kind], color=colour, linestyle=style,
                              linewidth=width, label=label)
                axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            row[0].set_ylabel(f"{of},\n{kind}")
            row[len(names) // 2].set_xlabel(f"share of pixels {changed}")
        for axes, name in zip(grid[0], names):
            axes.set_title(name, fontsize=10)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                      handlelength=2.8)


def draw_planted(maps, path, title=""):
    """Mean maps of a network for which one patch tells all (left), beside a decoy (right)."""
    with drawing(path, 1.45 * len(maps) + 0.8, 2.1, title, grid=False) as figure:
        for axes, (name, values) in zip(np.ravel(figure.subplots(1, len(maps))), maps.items()):
            image = axes.imshow(values / (values.max() or 1), cmap="hot", vmin=0, vmax=1)
            axes.set_title(name, fontsize=9, loc="center")
            axes.set_axis_off()
        bar = figure.colorbar(image, ax=figure.axes, fraction=0.03, pad=0.01, aspect=12)
        bar.set_label("largest = 1")
