"""`rapport invitations list` says on a terminal how far the reading is."""

import base64
import json
from uuid import UUID

import redis

from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from tasks.campaigns.start import start_campaign
from tasks.contract import InvitationsCampaign
from tests.builders import an_account
from tests.cli.screen.terminal import terminal
from tests.cluster import untraced, wait_for
from worker import logs


def campaign_asked_for(client: "redis.Redis") -> UUID | None:
    """Return the id in the message that the command published, or None if there is none yet."""
    messages = client.lrange("celery", 0, -1)
    if not messages:
        return None
    _, arguments, _ = json.loads(base64.b64decode(json.loads(messages[0])["body"]))
    return UUID(arguments["campaign_id"])


def test_the_page_and_the_number_found_so_far_are_shown(
    database: Database, redis_url: str, environment: None, consumers: None
) -> None:
    with database.transaction() as session:
        accounts.save_session(session, an_account(session).id, b"sealed")
    client = redis.Redis.from_url(redis_url)
    with terminal("invitations", "list", "demo", env=untraced() | {"TERM": "xterm"}) as opened:
        wait_for("the request", lambda: campaign_asked_for(client) is not None)
        wait_for("a first line", lambda: "waiting for a worker to plan the campaign" in opened.screen())
        campaign_id = campaign_asked_for(client)
        assert campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id="test"):
            options = InvitationsCampaign(account="demo", dry_run=True)
            start_campaign(session, account="demo", campaign_id=campaign_id, options=options)
        wait_for("what is read", lambda: "reading the page of sent invitations" in opened.screen())
        with database.transaction() as session:
            campaigns.report_reading(session, campaign_id, "page 2 is read, 40 found so far")
        wait_for("the progress", lambda: "page 2 is read, 40 found so far" in opened.screen())
        with database.transaction() as session:
            campaigns.mark_planned(session, campaign_id, preview=[])
        code, screen = opened.ended()
    client.close()
    assert (code, "no invitation is waiting for an answer" in screen) == (0, True)
