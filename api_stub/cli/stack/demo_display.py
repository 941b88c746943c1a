"""Render the screens of `rapport demo` and `rapport up`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api_stub.cli.formatting import describe_reason, folding_text
from api_stub.cli.stack.demo_account import MEMBER
from api_stub.stack.services import FLOWER_USER, Addresses
from db.store.reports.overview import ActionLine
from worker.rules.model import ActionState
from worker.rules.quota.model import Remaining

_STYLES = {
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


def render_addresses(addresses: Addresses, data_dir: Path) -> RenderableType:
    """Render the addresses, and where their passwords are."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("API", f"{addresses.api}/docs", "key: api_key in")
    grid.add_row("Flower", addresses.flower, f"user {FLOWER_USER}, password: flower_password in")
    grid.add_row("", "", str(data_dir / "secrets.json"))
    grid.add_row(
        "practice network", addresses.sandbox, f"sign in as {MEMBER.login}, password {MEMBER.password}"
    )
    return grid


def render_progress(
    lines: Sequence[ActionLine], remaining: Remaining | None, note: str, header: RenderableType
) -> RenderableType:
    """Render the current state: the actions, the quota left, and a note."""
    counts = Counter(line.state for line in lines)
    summary = Text("  ").join(Text(f"{state} {n}", _STYLES.get(state, "")) for state, n in counts.items())
    left = f"{remaining.day} today, {remaining.week} in 7 days" if remaining else "not asked yet"
    table = Table("who", "occasion", "state", "why and until when", expand=True)
    for line in lines:
        table.add_row(
            _render_name(line),
            str(line.occasion_on),
            Text(line.state, _STYLES.get(line.state, "")),
            Text(explain_wait(line)),
        )
    return Group(
        Panel(header, title="Rapport", border_style="blue"),
        Text.assemble(summary or "nobody yet", f"    quota left: {left}"),
        table,
        Text(note, "italic"),
    )


def explain_wait(line: ActionLine) -> str:
    """Explain what an action waits for, or why it ended without an effect."""
    if line.reason is None:
        return ""
    reason = describe_reason(line.reason)
    if line.state is ActionState.PLANNED:
        return f"{reason}; next try {line.not_before:%d %b %H:%M:%S} UTC"
    return f"{reason}: {line.detail}" if line.detail else reason


def render_result(lines: Sequence[ActionLine]) -> RenderableType:
    """Render the final table: person, occasion, message, state, screenshot."""
    table = Table("who", "occasion", "message", "state", title="What was done", expand=True)
    table.add_column("screenshot", overflow="fold")
    for line in lines:
        shot = Path(line.screenshot).name if line.screenshot else ""
        state = Text(line.state, _STYLES.get(line.state, ""))
        if line.state is not ActionState.DONE and line.reason:
            state.append(f"\n{explain_wait(line)}", "dim")
        message = Text(line.sent) if line.sent else Text(line.message, "dim")
        table.add_row(_render_name(line), str(line.occasion_on), message, state, Text(shot))
    return table


def _render_name(line: ActionLine) -> Text:
    return folding_text(line.contact)
