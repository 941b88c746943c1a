"""Render `rapport quota show`: each kind's windows as bars, and the other gates."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api_stub.cli.formatting import format_time
from api_stub.cli.hints import as_typed
from api_stub.cli.screen.tables import Facts
from api_stub.explain.quota_gates import SOURCE_TEXTS, describe_decision, describe_warm_up, list_timed_gates
from api_stub.responses.quota_windows import (
    QuotaReading,
    Window,
    Windows,
    build_total_windows,
    build_windows,
    get_remaining,
)
from db.store.quota.status import AccountQuotaStatus, Denial, QuotaStatus
from worker.rules.model import Kind
from worker.rules.wording.reasons import describe_reason

BAR = 20
_NAMES = {"run": "run", "day": "day", "week": "7 days"}


def render_quota(
    account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading], *, ascii_only: bool
) -> RenderableType:
    """Return the whole page."""
    parts: list[RenderableType] = [_render_title(account, readings)]
    for kind, status in account.kinds.items():
        parts += [_render_kind(status, readings[kind], account.denials.get(kind), ascii_only=ascii_only), ""]
    parts.append(_render_totals(account, readings, ascii_only=ascii_only))
    return Group(*parts)


def _render_title(account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading]) -> Text:
    record, one = account.account, account.kinds[Kind.GREET]
    text = Text(f"account {record.name} on {record.site}, days begin in {record.zone.key}\n", "bold")
    warm_up = describe_warm_up(one.warm_up_on, account.now, record.zone)
    text.append(f"warm-up {warm_up}\n", "default")
    sources = dict.fromkeys(SOURCE_TEXTS[each.source] for each in readings.values())
    text.append(f"as of {format_time(account.now, record.zone)}; {as_typed('; '.join(sources))}\n", "dim")
    return text


def _render_kind(
    status: QuotaStatus, reading: QuotaReading, denial: Denial | None, *, ascii_only: bool
) -> RenderableType:
    kind, decision = status.context.kind, reading.decision
    head = Text(f"{kind}  ", "bold")
    head.append(
        describe_decision(kind, decision, status.context.zone),
        "green" if decision.reason is None else "yellow",
    )
    grid = _render_windows(build_windows(status, get_remaining(reading)), ascii_only=ascii_only)
    return Group(head, grid, Facts(_list_details(status, reading, denial), least_width=13))


def _list_details(
    status: QuotaStatus, reading: QuotaReading, denial: Denial | None
) -> Iterator[tuple[str, str]]:
    for gate in list_timed_gates(status, reading.decision):
        yield gate.name, gate.says
    if status.context.limits.reserved_per_day:
        yield "reserved", f"{status.context.limits.reserved_per_day} of the day of all kinds together"
    if status.used.reserved:
        yield (
            "of all kinds",
            f"{get_remaining(reading).all_day} left today: {status.used.reserved} are reserved for others",
        )
    if denial is not None:
        until = format_time(denial.until, status.context.zone)
        yield "last denial", f"{denial.contact} waits until {until}: {describe_reason(denial.reason)}"


def _render_totals(
    account: AccountQuotaStatus, readings: Mapping[Kind, QuotaReading], *, ascii_only: bool
) -> RenderableType:
    return Group(
        Text("all kinds together", "bold"),
        _render_windows(build_total_windows(account, readings), ascii_only=ascii_only),
    )


def _render_windows(of: Windows, *, ascii_only: bool) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, window in ((_NAMES[name], getattr(of, name)) for name in _NAMES):
        if window is not None:
            grid.add_row(
                Text(f"  {name:<13}", "dim"),
                render_bar(window, ascii_only=ascii_only),
                f"{window.used:>5} used  {window.left:>5} left  of {window.limit:>5}",
            )
    return grid


def render_bar(window: Window, *, ascii_only: bool) -> Text:
    """Return how full a window is: the first use is visible, and only a full window fills the bar."""
    full, empty = ("#", ".") if ascii_only else ("█", "░")
    share = window.used / window.limit if window.limit else 1.0
    filled = BAR if window.left == 0 else min(BAR - 1, max(int(share * BAR), int(window.used > 0)))
    style = "red" if window.left == 0 else "yellow" if share >= 0.8 else "green"
    return Text(full * filled, style).append(empty * (BAR - filled), "dim")
