"""The facts of a model card, from what packaged weights carry with them and docs/results.json."""

from pages import table
from study import tables
from study.results import key_of, options_of

from tinyfer.core.networks import PACKAGED
from tinyfer.photo.reading import BEST_CROPS
from tinyfer.training.runs import open_run


def card_block(name, records):
    """The facts of a model card: what packaged weights carry with them, and their scores."""
    path = PACKAGED / f"{name}.npz"
    if not path.is_file():
        return "*These weights are not packaged yet.*"
    run = open_run(path)
    how, config, recipe = run.about, run.config, run.config.recipe
    half = how["half_precision"]
    record = records.get(key_of(vars(config) | {"experiment": how["experiment"],
                                                "recipe": recipe.name,
                                                "options": options_of(config)}))
    rows = [
        ("data", how["source"]),
        ("classes", ", ".join(how["class_names"])),
        ("split", f"{config.split}, seed {config.seed}: "
         + ", ".join(f"{part['images']:,} {part_name}"
                     for part_name, part in how["parts"].items())),
        ("balance", config.balance),
        ("training", f"recipe {recipe.name}, " * (recipe.name != "study")
         + f"{recipe.epochs} epochs, batches of {recipe.batch_size}, Adam at "
         f"{recipe.lr:g}; best epoch on validation: {how['best_epoch']}"),
        ("values", f"{how['parameters']:,}, of which {how['trainable_parameters']:,} are trained"),
        ("file", f"`tinyfer/pretrained/{name}.npz`, {path.stat().st_size / 1e6:.2f} MB: weights in "
         "float16, computed with in float32"),
        ("float16 against float32", f"accuracy {half['accuracy']:.4f} and "
         f"{half['accuracy_before']:.4f} on the {half['n']:,} test images; "
         f"predictions that differ: {half['changed']}, "
         f"probabilities by at most {half['largest']:.1e}"),
    ]
    if "temperature" in how:
        rows.append(("temperature", f"logits divided by {how['temperature']:.3f}, fitted on the "
                     "photographs of the validation part"))
    if record and record["weights"] == how["weights"]:
        rows.insert(5, ("command", f"`{tables.command(record)}`"))
        rows.insert(6, ("made", f"{record['date']}, in {record['minutes']:.0f} minutes"))
        rows += _scores(record, ", before the temperature" * ("temperature" in how))
    return table(["", ""], rows)


def _scores(record, before):
    test, clean = record["test"], record["test"]["without_copies"]
    low, high = test["accuracy_interval"]
    yield "test accuracy", (f"**{test['accuracy']:.3f}** (95 % interval {low:.3f} to {high:.3f}, "
                            f"{test['n']:,} images)")
    if clean and test["copies"]:
        yield "without copies", (f"{clean['accuracy']:.3f} on the {clean['n']:,} test images "
                                 "without an exact copy in training")
    if "averaged" in record:
        averaged, clean = record["averaged"], record["averaged"]["without_copies"]
        low, high = averaged["accuracy_interval"]
        yield f"mean of {BEST_CROPS} crops", (
            f"test accuracy **{averaged['accuracy']:.3f}** ({low:.3f} to {high:.3f})"
            + (f", without copies {clean['accuracy']:.3f}" if clean else ""))
    yield "macro precision, macro AUC", (f"{test['macro']['precision']:.3f}, "
                                         f"{test['macro']['auc']:.3f}")
    yield "expected calibration error, float32" + before, f"{test['calibration']['ece']:.3f}"
    yield "recall of each class", ", ".join(f"{name} {row['recall']:.2f}"
                                            for name, row in test["classes"].items())
