"""Render what `rapport demo` and `rapport up` print."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from api_stub.cli.formatting import create_table, render_facts
from api_stub.cli.stack.demo_account import MEMBER
from api_stub.cli.watch.display import STATE_STYLES, explain_state
from api_stub.cli.watch.view import View
from api_stub.cli.wording import describe_occasion
from api_stub.stack.services import FLOWER_USER, Addresses
from db.store.reports.overview import ActionLine
from worker.extras import Extra, how_to_install, is_installed
from worker.rules.model import ActionState


def list_addresses(addresses: Addresses, data_dir: Path) -> Sequence[tuple[str, str]]:
    """Return the names of what runs, and the address and password of each."""
    secrets = data_dir / "secrets.json"
    flower = f"left out: {how_to_install(Extra.MONITORING)}"
    if is_installed(Extra.MONITORING):
        flower = f"{addresses.flower}, user {FLOWER_USER}, password: flower_password in {secrets}"
    return (
        ("API", f"{addresses.api}/docs, key: api_key in {secrets}"),
        ("Flower", flower),
        ("practice network", f"{addresses.sandbox}, sign in as {MEMBER.login}, password {MEMBER.password}"),
    )


def render_addresses(addresses: Addresses, data_dir: Path) -> RenderableType:
    """Render the addresses, and where their passwords are."""
    return render_facts(list_addresses(addresses, data_dir))


def render_result(view: View, lines: Sequence[ActionLine]) -> RenderableType:
    """Render the final table of `lines`: person, occasion, state, screenshot, and the whole message."""
    table = create_table("who", "occasion", "state", "screenshot", "message", texts=("message",))
    for line in lines:
        why = explain_state(view, line) if line.state is not ActionState.DONE else ""
        table.add_row(
            line.contact,
            describe_occasion(line.occasion, line.occasion_on),
            Text(f"{line.state}: {why}" if why else line.state, STATE_STYLES.get(line.state, "")),
            Path(line.screenshot).name if line.screenshot else "",
            Text(line.sent) if line.sent else Text(line.message, "dim"),
        )
    return table
