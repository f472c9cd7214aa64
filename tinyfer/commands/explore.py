"""Look at the data before training: how many, of what, how often, and what is wrong with it.

    python scripts/explore.py --data archive.zip
    python scripts/explore.py --drawn 2000
    python scripts/explore.py --drawn 2000 --save faces.npz
"""

from pathlib import Path

import numpy as np

from tinyfer.commands import cli
from tinyfer.commands.messages import PUBLISHED
from tinyfer.data import USAGES, duplicate_facts, is_published, seen_in, split
from tinyfer.data.drawn import draw_faces
from tinyfer.scores import plots
from tinyfer.storage.arrays import save_arrays
from tinyfer.training.runs import write_json

SAMPLES = 10        # of each class


def parse(argv):
    parser = cli.parser(
        description="Class counts of each part, exact copies within and across parts, copies with "
        "two labels, blank images; printed, and as facts.json. Pictures: class counts, the mean "
        "face of each class, and a sample of each, which in FER-2013 are third-party photographs: "
        "for your own eyes. No network is run, so there is no --threads.")
    add = parser.add_argument
    add("--data", metavar="PATH", help="FER-2013 or pictures of your own, as for train (default: "
        "TINYFER_DATA, else ./data)")
    add("--drawn", type=cli.at_least(1), metavar="N", help="look at N drawn faces instead")
    add("--seed", type=cli.at_least(0), default=0, metavar="N",
        help="of the study's split, the samples and the drawn faces (default 0)")
    cli.add_output(parser, "runs/explore")
    add("--save", metavar="FILE", help="only keep the faces, labels and parts in FILE, an .npz "
        "that docs/one_file.py learns from")
    return parser.parse_args(argv)


def main(argv=None):
    return cli.main(explore, parse, argv)


def explore(given):
    for one, other in ("save", "out"), ("drawn", "data"):
        if getattr(given, one) is not None and getattr(given, other) is not None:
            raise ValueError(f"--{one} and --{other} contradict each other: give one of them")
    folder = Path(given.save or given.out or "runs/explore")
    cli.check_output(folder, given.force, "--save" if given.save else "--out")
    data = (cli.fer2013(given.data, given.seed) if given.drawn is None else
            draw_faces(given.drawn, seed=given.seed))
    if given.save:
        save_arrays(given.save, dict(faces=data.faces, labels=data.labels, usage=data.usage,
                                     class_names=np.array(data.class_names)), compressed=True)
        print(f"{len(data):,} {data.source} are in {cli.printable(given.save)}")
        return
    facts = facts_of(data, given.seed)
    print(as_text(facts, data))
    if data.source == "FER-2013":
        facts["published"] = is_published(data)
        print(f"\n{PUBLISHED[facts['published']]}")
    write_json(folder / "facts.json", facts)
    draw_pictures(data, facts, folder, given.seed)
    print(f"\nfacts.json and the pictures are in {cli.printable(folder)}")
    if data.source == "FER-2013":
        print("samples.png shows third-party photographs: do not publish it")


def facts_of(data, seed):
    """Everything that is printed, as a dict for JSON."""
    leaks = {}
    for kind in ("official", "report"):
        parts = split(data, kind, seed)
        leaks[kind] = {name: dict(images=len(part), copies=int(seen_in(part, parts.train).sum()))
                       for name, part in (("validation", parts.validation), ("test", parts.test))}
    return dict(
        source=data.source, seed=seed, copies=duplicate_facts(data), leaks=leaks,
        parts={usage: dict(zip(data.class_names, data[data.usage == usage].counts().tolist()))
               for usage in USAGES})


def as_text(facts, data):
    names, widths = data.class_names, [max(7, len(name) + 2) for name in data.class_names]
    lines = [f"{data.source}: {len(data):,} images of 48x48 grey pixels", "",
             " " * 11 + "".join(f"{name:>{width}}" for name, width in zip(names, widths))
             + f"{'all':>8}"]
    for name, row in facts["parts"].items():
        counts = "".join(f"{n:{width},}" for n, width in zip(row.values(), widths))
        lines.append(f"{name:11}{counts}{sum(row.values()):8,}")
    copies = facts["copies"]
    lines += [
        "", "exact copies, equal in every pixel",
        f"  {copies['distinct']:,} images are distinct; {copies['groups']:,} groups of copies have "
        f"{copies['members']:,} members",
        f"  {copies['across_parts']:,} groups reach across Training, PublicTest and PrivateTest; "
        f"{copies['leaked']:,} PrivateTest images have a copy in Training",
        f"  {copies['two_labels']:,} groups carry more than one label; {copies['blank']:,} images "
        "are a single grey",
        "", f"copies in training, of what a network is scored on (seed {facts['seed']})"]
    for kind, parts in facts["leaks"].items():
        lines += [f"  {kind:8} {name:10} {part['copies']:5,} of {part['images']:,} "
                  f"({100 * part['copies'] / part['images']:.1f} %)"
                  for name, part in parts.items()]
    return "\n".join(lines)


def draw_pictures(data, facts, folder, seed):
    """Class counts, the mean face of each class, and a row of faces of each."""
    counts = {usage: list(row.values()) for usage, row in facts["parts"].items()}
    plots.class_counts(counts, data.class_names, folder / "class-counts.png", title=data.source)
    present = [c for c, n in enumerate(data.counts()) if n]
    names = [data.class_names[c] for c in present]
    means = np.array([data.faces[data.labels == c].mean(axis=0) for c in present])
    plots.gallery(means, names, folder / "mean-faces.png", columns=len(present),
                  title=f"{data.source}: the mean face of each class",
                  grey=(means.min(), means.max()))
    rng = np.random.default_rng(seed)
    chosen = [np.resize(rng.permutation(np.flatnonzero(data.labels == c)), SAMPLES)
              for c in present]
    plots.gallery(data.faces[np.concatenate(chosen)], np.repeat(names, SAMPLES),
                  folder / "samples.png", columns=SAMPLES, title=f"{data.source}: a random sample")
