"""docs/performance.svg: how far each figure is from its target, as bars on one logarithmic scale."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.figures import find_targets
from bench.results import Results

PICTURE: Final = Path(__file__).parents[1] / "docs" / "performance.svg"
_MET, _MISSED = "#2f7d5b", "#b3402e"


def list_distances(results: Results) -> Sequence[tuple[str, float, bool]]:
    """Return for each target other than 0 the row's name, the figure's share of it, and whether it is met.

    Below 1 is better: where a figure should be at least its target, the share is turned over.
    """
    distances = []
    for table in results.tables:
        for row in table.all_rows:
            targets = find_targets(row)
            for target in targets:
                figure = target.find_figure(row)
                if not (target.bound and figure):
                    continue
                share = target.bound / figure if target.is_least else figure / target.bound
                of_several = f", {target.words}" if len(targets) > 1 else ""
                name = f"{table.name}: {row.what}{of_several}"
                distances.append((name, share, target.is_met_by(figure)))
    return distances


def draw_distances(results: Results, file: Path) -> None:
    """Draw the picture."""
    distances = list(reversed(list_distances(results)))
    figure = Figure(figsize=(9, 1.2 + 0.24 * len(distances)), layout="constrained")
    axes = figure.subplots()
    names = [name for name, _, _ in distances]
    colors = [_MET if is_met else _MISSED for _, _, is_met in distances]
    axes.barh(names, [share for _, share, _ in distances], color=colors, height=0.62)
    axes.set_xscale("log")
    axes.axvline(1, color="#444444", linewidth=1)
    axes.set_xlabel("share of the target; left of the line it is met")
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.01)
    save_picture(figure, file)


def save_picture(figure: Figure, file: Path) -> None:
    """Write an SVG that is the same for the same figures, with its text as text."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": file.name}):
        figure.savefig(file, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
