"""Show the progress of a search while it runs."""

from collections.abc import Mapping
from datetime import timedelta
from time import sleep
from uuid import UUID

from rich.text import Text

from api_stub.cli.campaigns.search_preview import list_search_progress
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.formatting import print_text, render_facts, short_id
from api_stub.cli.screen.cells import cut_text
from api_stub.cli.screen.live_screen import LiveScreen, open_live_screen
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.campaigns import search_progress
from db.store.campaigns.search_progress import SearchProgress
from db.store.people.accounts import AccountRecord

_POLL_INTERVAL = timedelta(seconds=1)
_QUIT = "q"


def follow(database: Database, account: AccountRecord, campaign_id: UUID, limit: int) -> None:
    """Show a campaign's search until nothing is left. q or Ctrl-C only stops watching."""
    short, console = short_id(campaign_id), Console()
    now, halted = _read(database, account, campaign_id)
    try:
        if console.is_terminal:
            with open_live_screen(console) as screen:
                while not now.nothing_left:
                    _draw(screen, halted, list_search_progress(now, limit, account.zone))
                    if screen.read_key(_POLL_INTERVAL) == _QUIT:
                        break
                    now, halted = _read(database, account, campaign_id)
        else:
            with show_wait("searching") as wait:  # a line now and then
                while not now.nothing_left:
                    wait.what = halted or f"searching: {now.progress.read} profiles read"
                    sleep(_POLL_INTERVAL.total_seconds())
                    now, halted = _read(database, account, campaign_id)
    except (KeyboardInterrupt, EOFError):
        pass
    console.print(render_facts(list_search_progress(now, limit, account.zone).items()))
    if now.nothing_left:
        print_text(f"campaign {short} has nothing left to do; next: `rapport sourcing results {short}`")
    else:
        print_text(f"left; the search goes on: `rapport watch {short}` shows it")


def _read(database: Database, account: AccountRecord, campaign_id: UUID) -> tuple[SearchProgress, str]:
    """Return the progress, and what halts the account, or an empty text."""
    with database.snapshot() as session:
        halted = next(list_halt_lines(session, account.name), "")
        return search_progress.get_search_progress(session, campaign_id), halted


def _draw(screen: LiveScreen, halted: str, facts: Mapping[str, str]) -> None:
    columns, _ = screen.size
    lines = [Text(halted, "bold red")] if halted else []
    lines += [Text(f"{name:<10}{value}") for name, value in facts.items()]
    shown = [Text(cut_text(line.plain, columns - 1), line.style) for line in lines]
    hint = Text("q leaves; the search goes on", "dim")
    screen.draw([*([(0, line)] for line in shown), [], [(0, hint)]])
