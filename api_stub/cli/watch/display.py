"""Draw a live view: as many rows as the terminal has, around the person being served now."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.text import Text

from api_stub.cli.formatting import short_id
from api_stub.cli.screen.cells import cut_text, fold_text, measure_text
from api_stub.cli.screen.live_screen import Row
from api_stub.cli.watch.view import View
from api_stub.cli.wording import describe_occasion
from api_stub.explain.outlook import describe_wait
from db.store.reports.overview import ActionLine
from worker.rules.lifecycle import END_STATES, IN_FLIGHT
from worker.rules.model import ActionState
from worker.rules.wording.reasons import describe_reason

STATE_STYLES: Final = {
    ActionState.DONE: "green",
    ActionState.PLANNED: "yellow",
    ActionState.QUEUED: "cyan",
    ActionState.CLAIMED: "cyan",
    ActionState.ACTING: "bold cyan",
    ActionState.UNCERTAIN: "magenta",
    ActionState.SKIPPED: "dim",
    ActionState.FAILED: "bold red",
    ActionState.NEEDS_REVIEW: "bold red",
}
_HEADINGS: Final = ("who", "occasion", "state", "why and until when")
_BETWEEN: Final = 2
_DAY: Final = len("birthday 28 Nov 2026")
_LEAST_ROWS: Final = 8
"""Rows for people that the header may not take."""


def render_view(view: View, columns: int, lines: int, *, header: Sequence[str], hint: str) -> Sequence[Row]:
    """Return the rows of the screen, at most `lines`, each at most `columns` cells wide."""
    width = columns - 1
    above = [_title(view), *_fold(header, width), Text("")]
    if len(above) + len(_HEADINGS) + _LEAST_ROWS > lines:
        above = above[:1]
    above.append(_count(view))
    below = [*_fold([view.note], width, "italic"), Text(hint, "dim")]
    space = lines - len(above) - len(below)
    return [
        *(_cut(text, width) for text in above),
        *_render_actions(view, width, space),
        *(_cut(text, width) for text in below),
    ][:lines]


def _title(view: View) -> Text:
    names = ", ".join(f"{each.kind} {short_id(each.id)}" for each in view.campaigns)
    return Text(f"Rapport: {names or 'a campaign'} of {view.account.name}", "bold blue")


def _count(view: View) -> Text:
    counts = Counter(line.state for line in view.actions)
    text = Text("  ").join(Text(f"{state} {n}", STATE_STYLES.get(state, "")) for state, n in counts.items())
    left = f"{view.left.day} today, {view.left.week} in 7 days" if view.left else "not known yet"
    return Text.assemble(text or "nobody yet", f"    quota left: {left}")


def _fold(lines: Iterable[str], width: int, style: str = "") -> list[Text]:
    """Fold lines to the width: addresses, and what to do, must not be cut."""
    return [Text(part.rstrip(), style) for line in lines for part in fold_text(line, width)]


def _cut(text: Text, width: int) -> Row:
    if measure_text(text.plain) <= width:
        return [(0, text)]
    return [(0, Text(cut_text(text.plain, width), text.style))]


def _render_actions(view: View, width: int, space: int) -> Sequence[Row]:
    """Return a row of headings and as many actions as fit, with the number of those that don't."""
    lines = view.actions
    if not lines or space < len(_HEADINGS):
        return []
    first, last = choose_window(len(lines), _find_current(lines), space - 1)
    cells = [
        (
            line.contact,
            describe_occasion(line.occasion, line.occasion_on),
            line.state,
            explain_state(view, line),
        )
        for line in lines[first:last]
    ]
    widths = _share_width(cells, width)
    rows: list[Row] = [_place(_HEADINGS, ("bold",) * len(_HEADINGS), widths)]
    if first:
        rows.append([(0, Text(f"… {first} more above", "dim"))])
    rows += [
        _place(row, ("", "", STATE_STYLES.get(line.state, ""), ""), widths)
        for row, line in zip(cells, lines[first:last], strict=True)
    ]
    if last < len(lines):
        rows.append([(0, Text(f"… {len(lines) - last} more below", "dim"))])
    return rows


def choose_window(count: int, current: int, space: int) -> tuple[int, int]:
    """Return the first and last of `count` rows to show in `space` lines, so that `current` is among them.

    Where rows are left out, a line of `space` says how many.
    """
    if count <= space:
        return 0, count
    if current < space - 1:
        return 0, space - 1
    if current > count - space:
        return count - (space - 1), count
    shown = space - 2
    first = current - shown // 2
    return first, first + shown


def _find_current(lines: Sequence[ActionLine]) -> int:
    """Return the place of the action in flight; else of the next one, else of the first."""
    for place, line in enumerate(lines):
        if line.state in IN_FLIGHT:
            return place
    waiting = [place for place, line in enumerate(lines) if line.state not in END_STATES]
    return min(waiting, key=lambda place: lines[place].not_before, default=0)


def _share_width(rows: Sequence[Sequence[str]], width: int) -> Sequence[int]:
    """Return the columns' widths: what each needs, the name at most a third, the last what is left."""
    needed = [max(measure_text(cell) for cell in column) for column in zip(_HEADINGS, *rows, strict=True)]
    who = min(needed[0], width // 3)
    occasion = min(needed[1], max(_DAY, width // 4))
    state = min(needed[2], width // 5)
    return who, occasion, state, max(0, width - who - occasion - state - 3 * _BETWEEN)


def _place(cells: Sequence[str], styles: Sequence[str], widths: Sequence[int]) -> Row:
    row, column = [], 0
    for cell, style, width in zip(cells, styles, widths, strict=True):
        row.append((column, Text(cut_text(cell, width), style)))
        column += width + _BETWEEN
    return row


def explain_state(view: View, line: ActionLine) -> str:
    """Explain what an action waits for and until when, or why it ended without an effect."""
    outlook = view.outlooks.get(line.id)
    if line.state is ActionState.PLANNED and (line.reason or outlook):
        return describe_wait(line.reason, line.not_before, outlook, view.zone)
    if line.reason is None:
        return ""
    reason = describe_reason(line.reason)
    return f"{reason}: {line.detail}" if line.detail else reason
