"""Show the progress of a search while it runs."""

from datetime import timedelta
from time import sleep
from uuid import UUID

from rich.live import Live

from api_stub.cli.campaigns.search_preview import render_search_progress
from api_stub.cli.formatting import print_text, short_id
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.campaigns import search_progress

_POLL_INTERVAL = timedelta(seconds=1)


def follow(database: Database, campaign_id: UUID, limit: int) -> None:
    """Show a campaign's search until nothing is left. Ctrl-C only stops watching."""
    short = short_id(campaign_id)
    try:
        with Live(console=Console(), auto_refresh=False) as screen:
            while True:
                with database.snapshot() as session:
                    now = search_progress.get_search_progress(session, campaign_id)
                screen.update(render_search_progress(now, limit), refresh=True)
                if now.nothing_left:
                    break
                sleep(_POLL_INTERVAL.total_seconds())
    except KeyboardInterrupt:
        print_text(
            f"nobody watches campaign {short} any more, and it goes on: `rapport campaign show {short}`"
        )
        return
    print_text(f"campaign {short} has nothing left; next: `rapport sourcing results {short}`")
