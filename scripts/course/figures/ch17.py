"""Chapter 17: what a detector's alarms are worth when what it looks for is rare."""

from figures.style import BLUE, COLOURS, INK, bare, plot
from matplotlib.patches import Rectangle

PEOPLE, ANGRY, FOUND, FLAGGED = 1000, 10, 7, 99     # of the others, 10 % of 990


def base_rate():
    fig, axes = plot(8, 3.9)
    kinds = ((FOUND, BLUE, "////", "angry, flagged"), (ANGRY - FOUND, "white", "", "angry, missed"),
             (FLAGGED, COLOURS[4], "", "not angry, flagged"),
             (PEOPLE - ANGRY - FLAGGED, "#EEEEEE", "", "not angry"))
    person = 0
    for count, colour, hatch, name in kinds:
        for _ in range(count):
            row, column = person % 20, person // 20
            axes.add_patch(Rectangle((column, row), 0.8, 0.8, facecolor=colour, hatch=hatch,
                                     edgecolor=BLUE if "missed" in name else INK,
                                     linewidth=1.2 if "missed" in name else 0.3))
            person += 1
        axes.add_patch(Rectangle((0, 0), 0, 0, facecolor=colour, hatch=hatch,
                                 edgecolor=BLUE if "missed" in name else INK,
                                 label=f"{name}: {count}"))
    axes.set(xlim=(-0.5, 50.5), ylim=(20.3, -0.5), aspect="equal")
    bare(axes)
    fig.legend(loc="outside lower center", ncols=4)
    return fig
