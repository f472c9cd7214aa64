"""What the tests of maps say in tables."""

from tinyfer.commands.pages import table


def randomisation_table(summary):
    """Rank correlations at every stage, those of signed maps below, as Markdown."""
    head = ("method", *summary["stages"][1:])
    return table(head, [(name if kind == "absolute" else f"{name}, signed",
                          *map(_two_digits, row[kind][1:]))
                         for kind in ("absolute", "signed")
                         for name, row in summary["methods"].items()])


def faithfulness_table(summary):
    """Areas, those of the mean map, and the differences face by face, as Markdown; and how far
    integrated gradients are from adding up."""
    rows = []
    for name, row in summary["orders"].items():
        if name.endswith(", mean map"):
            continue
        rows.append([name.strip("[]")])
        for kind in ("deletion", "insertion"):
            mine, mean = row[kind], summary["orders"].get(f"{name}, mean map")
            rows[-1].append(f"{mine['area']:.3f} ± {mine['error']:.3f}")
            rows[-1] += [f"{mean[kind]['area']:.3f}",
                         f"{mine['difference']:+.3f} ± {mine['difference_error']:.3f}",
                         _percent(mine["better"])] if mean else ["", "", ""]
    orders = table(("order of", "deletion", "mean map", "difference", "better on",
                    "insertion", "mean map", "difference", "better on"), rows)
    whole = summary["completeness"]
    return (f"{orders}\n\nIntegrated gradients miss the difference they should add up to by "
            f"{100 * whole['gap_of_difference']:.1f} %.\nIt is {whole['mean_difference']:.2f} on "
            f"average; the absolute values of a map add up to {whole['mean_mass']:.0f}.")


def planted_table(summary):
    """Shares on the patch and on the decoy, as Markdown."""
    return table(("method", "share on the patch", "on the decoy", "highest point on the patch"),
                  [(name.strip("[]"),
                    *(_percent(row[key]) for key in ("patch", "decoy", "highest")))
                   for name, row in summary["methods"].items()]
                  + [("share of the area", *2 * [_percent(summary["area"])], "")])


def _percent(value):
    return f"{100 * value:.0f} %"


def _two_digits(value):
    return "" if value is None else f"{value:.2f}"
