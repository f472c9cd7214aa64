"""--audit: the maps of all methods, tested; a table, a picture and numbers for each test."""

import numpy as np

from tinyfer.commands.maps import pictures
from tinyfer.commands.maps import tables as tables_of
from tinyfer.commands.progress import Line
from tinyfer.explain.audit import audit_faithfulness, audit_planted, audit_randomisation
from tinyfer.explain.saliency import METHODS
from tinyfer.storage.arrays import save_arrays
from tinyfer.training import runs

TESTS = ("randomisation", "faithfulness", "planted")
FACES = 60


def audit(given, model, part, folder):
    """Run the tests asked for: (names of the files written, {name of the test: its table})."""
    chosen = np.random.default_rng(given.seed).permutation(len(part))[:given.faces or FACES]
    faces = part.faces[np.sort(chosen)]
    title = f"{part.source}, {len(faces)} test faces"
    files, tables = [], {}
    for test in given.audit or TESTS:
        line = Line()
        how = dict(of=given.of, seed=given.seed, progress=line)
        picture = folder / f"{test}.png"
        if test == "randomisation":
            summary, arrays = audit_randomisation(model, faces, **how)
            tables[test] = tables_of.randomisation_table(summary)
            pictures.randomisation(methods=list(METHODS), path=picture, title=title, **arrays)
        elif test == "faithfulness":
            summary, arrays = audit_faithfulness(model, faces, **how)
            tables[test] = tables_of.faithfulness_table(summary)
            pictures.deletion_insertion(path=picture, of=given.of, title=title, **arrays)
            arrays = dict(share=arrays["share"]) | {
                f"{kind}, {name}": values for name, both in arrays["curves"].items()
                for kind, values in both.items()}
        else:
            summary, arrays = audit_planted(part, **how)
            tables[test] = tables_of.planted_table(summary)
            pictures.planted(arrays, picture, f"{part.source} with a planted patch (left) "
                                   "and a decoy (right)")
        line.done(test)
        about = dict(source=part.source, faces=len(faces), of=given.of, seed=given.seed)
        runs.write_json(folder / f"{test}.json", about | summary)
        save_arrays(folder / f"{test}.npz", {name: np.asarray(a) for name, a in arrays.items()},
                    compressed=True)
        print(f"\n{tables[test]}\n")
        files += [f"{test}.{ending}" for ending in ("png", "json", "npz")]
    return files, tables
