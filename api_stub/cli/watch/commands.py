"""`rapport watch`: the live view of campaigns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_database,
    resolve_campaign_id,
)
from api_stub.cli.formatting import print_json, print_text
from api_stub.cli.quota.reader import open_quota
from api_stub.cli.servers.local_servers import describe_not_running, find_redis
from api_stub.cli.watch.follow import follow
from api_stub.cli.watch.view import OutlookReader, View, describe_end, is_finished, read_view
from api_stub.responses.history import ActionOut
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from worker.rules.reports.campaign_progress import OVER

_NOTHING_RUNS = "nothing is running{}; `rapport campaign list` shows what has run"
_NEWEST = 100


def watch(
    about: Annotated[
        str | None,
        typer.Argument(
            metavar="[CAMPAIGN|ACCOUNT]",
            help="A campaign's id or its first digits, or an account: all its running campaigns. "
            "Default: the newest running campaign.",
        ),
    ] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Watch campaigns while they run: who is served now, who waits and why. Ends when they are finished.

    q or Ctrl-C leaves, and the work continues. Without a terminal, each change is one line; with --json, one
    JSON object.
    """
    with open_database(data) as database:
        with database.transaction() as session:
            account, campaign_ids = _choose(session, about)
        if account is None:
            print_text(_NOTHING_RUNS.format(f" for {about}" if about else ""))
            return
        _watch(database, data, account, campaign_ids, as_json=as_json)


def _watch(
    database: Database, data: Path, account: AccountRecord, campaign_ids: Sequence[UUID], *, as_json: bool
) -> None:
    with open_quota(find_redis(data)) as quota:
        outlook = OutlookReader()
        not_running = "" if quota is not None else describe_not_running(data)

        def read() -> View:
            with database.snapshot() as session:
                return read_view(
                    session,
                    quota,
                    accounts.get_account(session, account.id),
                    campaigns.list_campaigns(session, campaign_ids),
                    outlook=outlook,
                    not_running=not_running,
                )

        try:
            last = follow(read, is_finished, print_change=_print_json_line if as_json else None)
        except KeyboardInterrupt:
            last = None
    if as_json:
        return
    print_text("stopped watching: `rapport watch` shows it again" if last is None else describe_end(last))


def _choose(session: Session, about: str | None) -> tuple[AccountRecord | None, Sequence[UUID]]:
    """Return the account and its campaigns to watch, or None if nothing runs.

    Raises RequestRefusedError if there is no such account or campaign.
    """
    named = accounts.find_account(session, about) if about is not None else None
    if about is not None and named is None:
        campaign_id = resolve_campaign_id(session, about)
        (campaign,) = campaigns.list_campaigns(session, [campaign_id])
        return accounts.get_account(session, campaign.account_id), [campaign_id]
    newest = overview.list_campaigns(session, limit=_NEWEST, account=about)
    running = [line for line in newest if line.progress not in OVER]
    if not running:
        return None, []
    chosen = running if named is not None else running[:1]
    return accounts.get_account(session, chosen[0].account_id), [line.id for line in chosen]


def _print_json_line(_: View, line: ActionLine) -> None:
    print_json(ActionOut.model_validate(line).model_dump_json())
