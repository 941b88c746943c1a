"""`rapport data`: erase data that is older than its account keeps it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import format_counts, print_text
from api_stub.cli.screen.progress import create_progress
from api_stub.cli.servers.local_servers import load_settings
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.privacy.retention import StaleData
from tasks.upkeep import retention
from tasks.upkeep.retention import PurgeReport
from worker.errors import RequestRefusedError

app = typer.Typer(help="Stored personal data and its retention.", no_args_is_help=True)


@app.command()
def purge(
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be erased, and erase nothing.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Erase data past its account's retention: people you aren't connected to, profiles, scores.

    Excluded people and people with open actions stay. It can be stopped at any time and run again. `rapport
    account keep` sets how long data is kept. Workers do the same several times a day.
    """
    evidence = load_settings(data).evidence_dir
    reports: dict[str, PurgeReport] = {}
    with open_database(data) as database:
        with database.transaction() as session:
            owners = _list_owners(session, account)
        for owner, keep in owners:
            found = retention.find_stale(database, owner.id, keep)
            if dry_run and as_json:
                reports[owner.name] = _count_stale(found)
                continue
            if dry_run:
                print_text(f"account {owner.name}: {_describe_stale(found)}; nothing was erased: a dry run")
                continue
            with _progress(owner, found) as progress:
                purged = retention.purge_stale(database, evidence, owner.id, found, progress=progress)
            if as_json:
                reports[owner.name] = purged
            else:
                print_text(f"account {owner.name}: {_describe_purged(purged)}")
    if as_json:
        print_answer(reports)


def _list_owners(session: Session, name: str | None) -> Sequence[tuple[AccountRecord, timedelta]]:
    chosen = accounts.list_accounts(session) if name is None else [require_account(session, name)]
    owners = [(each, timedelta(days=each.keep_days)) for each in chosen if each.keep_days is not None]
    if not owners:
        whose = name or "NAME"
        raise RequestRefusedError(
            f"{f'account {name} keeps' if name else 'all accounts keep'} everything for ever: set how long "
            f"first, with `rapport account keep {whose} --days N`"
        )
    return owners


@contextmanager
def _progress(owner: AccountRecord, found: StaleData) -> Iterator[retention.Progress]:
    """Show a progress bar of erased rows, on a terminal only."""
    with create_progress() as bar:
        task = bar.add_task(
            f"erasing from {owner.name}", total=len(found.people) + found.profiles + found.scores
        )
        yield lambda rows: bar.advance(task, rows)


def _count_stale(found: StaleData) -> PurgeReport:
    """Return what a dry run counts as a report; it looks for no pictures."""
    return PurgeReport(
        people=len(found.people),
        profiles=found.profiles,
        scores=found.scores,
        campaigns=found.campaigns,
        pictures=0,
        waits=False,
    )


def _describe_stale(found: StaleData) -> str:
    return (
        _format_erased(len(found.people), found.profiles, found.scores, found.campaigns)
        or "nothing is too old"
    )


def _describe_purged(purged: PurgeReport) -> str:
    counts = _format_erased(purged.people, purged.profiles, purged.scores, purged.campaigns)
    pictures = format_counts(
        (purged.pictures, "picture or trace of their pages", "pictures and traces of their pages")
    )
    text = f"erased {', '.join(filter(None, (counts, pictures)))}" if counts else "nothing was too old"
    return f"{text}; an import is under way, so run it again for the people" if purged.waits else text


def _format_erased(people: int, profiles: int, scores: int, campaigns: int) -> str:
    return format_counts(
        (people, "person", "people"),
        (profiles, "profile", "profiles"),
        (scores, "score", "scores"),
        (campaigns, "campaign's list of people", "campaigns' lists of people"),
    )
