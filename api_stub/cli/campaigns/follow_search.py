"""Show the progress of a search while it runs."""

from contextlib import ExitStack
from datetime import timedelta
from time import sleep
from uuid import UUID

from rich.console import Group
from rich.live import Live
from rich.text import Text

from api_stub.cli.campaigns.search_preview import render_search_progress
from api_stub.cli.formatting import print_text, short_id
from api_stub.cli.halts import list_halt_lines
from api_stub.cli.terminal import Console
from api_stub.cli.waiting import show_wait
from db.engine import Database
from db.store.campaigns import search_progress

_POLL_INTERVAL = timedelta(seconds=1)


def follow(database: Database, account: str, campaign_id: UUID, limit: int) -> None:
    """Show a campaign's search until nothing is left. Ctrl-C only stops watching."""
    short, console = short_id(campaign_id), Console()
    try:
        with Live(console=console, auto_refresh=False) as screen, ExitStack() as waits:
            # A pipe gets no live display, only a line now and then.
            wait = None if console.is_terminal else waits.enter_context(show_wait("searching"))
            while True:
                with database.snapshot() as session:
                    now = search_progress.get_search_progress(session, campaign_id)
                    halted = next(list_halt_lines(session, account), "")
                shown = render_search_progress(now, limit)
                screen.update(Group(Text(halted, "bold red"), shown) if halted else shown, refresh=True)
                if now.nothing_left:
                    break
                if wait is not None:
                    wait.what = halted or f"searching: {now.progress.read} profiles read"
                sleep(_POLL_INTERVAL.total_seconds())
    except KeyboardInterrupt:
        print_text(f"campaign {short} goes on without being watched: `rapport campaign show {short}`")
        return
    print_text(f"campaign {short} has nothing left to do; next: `rapport sourcing results {short}`")
