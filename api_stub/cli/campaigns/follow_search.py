"""Watching a search while it goes on."""

from datetime import timedelta
from time import sleep
from uuid import UUID

from rich.live import Live

from api_stub.cli.campaigns.search_preview import how_far
from api_stub.cli.formatting import say
from api_stub.cli.terminal import Console
from db.engine import Database
from db.store.campaigns import search_progress
from db.store.reports import overview

_LOOK_EVERY = timedelta(seconds=1)


def follow(database: Database, campaign_id: UUID, limit: int) -> None:
    """Show how far a campaign's search is until nothing is left. Ctrl-C only stops the showing."""
    short = str(campaign_id)[:8]
    try:
        with Live(console=Console(), auto_refresh=False) as screen:
            while True:
                with database.transaction() as session:
                    overview.freeze(session)
                    now = search_progress.of_campaign(session, campaign_id)
                screen.update(how_far(now, limit), refresh=True)
                if now.nothing_left:
                    break
                sleep(_LOOK_EVERY.total_seconds())
    except KeyboardInterrupt:
        say(f"nobody watches campaign {short} any more, and it goes on: rapport campaign show {short}")
        return
    say(f"campaign {short} has nothing left; next: rapport sourcing results {short}")
