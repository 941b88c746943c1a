"""`rapport data`: how long people's data is kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from api_stub.cli.context import DEFAULT_DATA, DataDir, opened, settings_of, the_account
from api_stub.cli.formatting import counted, say
from api_stub.cli.terminal import Console
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.privacy.retention import Stale
from tasks.upkeep import retention
from tasks.upkeep.retention import Purged
from worker.errors import RequestRefusedError

app = typer.Typer(help="What is stored of people, and for how long.", no_args_is_help=True)


@app.callback()
def _nouns() -> None:
    """Keep the commands below `data`, also while there is only one."""


@app.command()
def purge(
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how much would be erased, and erase nothing.")
    ] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Erase what is older than its account keeps it: people who are no connections, profiles, scores.

    Whoever is excluded, or something is planned for, stays. It can be stopped at any time, and run again:
    rapport account keep says how long. Workers do the same several times a day.
    """
    evidence = settings_of(data).evidence_dir
    with opened(data) as database:
        with database.transaction() as session:
            owners = _owners(session, account)
        for owner, keep in owners:
            found = retention.stale(database, owner.id, keep)
            if dry_run:
                say(f"account {owner.name}: {_found(found)}; nothing was erased: a dry run")
                continue
            with _progress(owner, found) as progress:
                purged = retention.purge(database, evidence, owner.id, found, progress=progress)
            say(f"account {owner.name}: {_purged(purged)}")


def _owners(session: Session, name: str | None) -> Sequence[tuple[AccountRecord, timedelta]]:
    chosen = accounts.everyone(session) if name is None else [the_account(session, name)]
    owners = [(each, timedelta(days=each.keep_days)) for each in chosen if each.keep_days is not None]
    if not owners:
        whose = name or "NAME"
        raise RequestRefusedError(
            f"{f'account {name} keeps' if name else 'all accounts keep'} everything for ever: say how long "
            f"first, with rapport account keep {whose} --days N"
        )
    return owners


@contextmanager
def _progress(owner: AccountRecord, found: Stale) -> Iterator[retention.Progress]:
    """Show how many rows are gone; a terminal only, since a log needs none."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(
            f"erasing from {owner.name}", total=len(found.people) + found.profiles + found.scores
        )
        yield lambda rows: bar.advance(task, rows)


def _found(found: Stale) -> str:
    return _counted(len(found.people), found.profiles, found.scores, found.campaigns) or "nothing is too old"


def _purged(purged: Purged) -> str:
    told = _counted(purged.people, purged.profiles, purged.scores, purged.campaigns)
    pictures = counted((purged.pictures, "picture of their pages", "pictures of their pages"))
    said = f"erased {', '.join(filter(None, (told, pictures)))}" if told else "nothing was too old"
    return f"{said}; an import is under way, so run it again for the people" if purged.waits else said


def _counted(people: int, profiles: int, scores: int, campaigns: int) -> str:
    return counted(
        (people, "person", "people"),
        (profiles, "profile", "profiles"),
        (scores, "score", "scores"),
        (campaigns, "campaign's list of people", "campaigns' lists of people"),
    )
