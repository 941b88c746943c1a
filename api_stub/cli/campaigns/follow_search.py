"""Show the progress of a search while it runs."""

from collections.abc import Mapping
from datetime import timedelta
from time import sleep
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.text import Text

from api_stub.cli.campaigns.search_preview import list_search_progress
from api_stub.cli.formatting import print_text, render_facts, short_id
from api_stub.cli.screen.cells import cut_text
from api_stub.cli.screen.live_screen import LiveScreen, open_live_screen
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.campaigns import search_progress
from db.store.campaigns.search_progress import SearchProgress

_POLL_INTERVAL = timedelta(seconds=1)
_QUIT = "q"


def follow(database: Database, campaign_id: UUID, limit: int, zone: ZoneInfo) -> None:
    """Show a campaign's search until nothing is left. q or Ctrl-C only stops watching."""
    short, console = short_id(campaign_id), Console()
    now = _read(database, campaign_id)
    try:
        if console.is_terminal:
            with open_live_screen(console) as screen:
                while not now.nothing_left:
                    _draw(screen, list_search_progress(now, limit, zone))
                    if screen.read_key(_POLL_INTERVAL) == _QUIT:
                        break
                    now = _read(database, campaign_id)
        while not console.is_terminal and not now.nothing_left:
            sleep(_POLL_INTERVAL.total_seconds())
            now = _read(database, campaign_id)
    except (KeyboardInterrupt, EOFError):
        pass
    console.print(render_facts(list_search_progress(now, limit, zone).items()))
    if now.nothing_left:
        print_text(f"campaign {short} has nothing left; next: rapport sourcing results {short}")
    else:
        print_text(f"left; the search goes on: `rapport watch {short}` shows it")


def _read(database: Database, campaign_id: UUID) -> SearchProgress:
    with database.snapshot() as session:
        return search_progress.get_search_progress(session, campaign_id)


def _draw(screen: LiveScreen, facts: Mapping[str, str]) -> None:
    columns, _ = screen.size
    lines = (f"{name:<10}{value}" for name, value in facts.items())
    hint = Text("q leaves; the search goes on", "dim")
    screen.draw([*([(0, Text(cut_text(line, columns - 1)))] for line in lines), [], [(0, hint)]])
