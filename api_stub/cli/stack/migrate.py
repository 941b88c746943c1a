"""`rapport migrate`: migrate the database and add the default templates."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir, translate_database_errors
from api_stub.cli.screen.prompts import require_typed_yes
from api_stub.cli.servers.local_servers import find_database, has_database
from api_stub.cli.terminal import Console
from db import defaults, roles
from db import migrate as migrations
from db.engine import Database
from db.role_names import APP, READER
from worker.errors import RequestRefusedError
from worker.processes import Process
from worker.processes import load_settings as load_process_settings

WithRoles = Annotated[
    bool,
    typer.Option("--roles", help=f"Create {APP} for the processes and {READER} for reports, if missing."),
]


To = Annotated[
    str | None,
    typer.Option(
        metavar="REVISION", help="Only to this revision, such as 0041; an older one is a downgrade."
    ),
]


def migrate(with_roles: WithRoles = False, to: To = None, data: DataDir = DEFAULT_DATA) -> None:
    """Migrate the database to this version's schema, and add the default templates.

    If there are roles for the processes and for reports, each gets its rights. `rapport up` does all this by
    itself. With --to it stops at that revision, or goes back to it, before an older version is started again.
    The newest file in db/migrations/versions of that version begins with its revision.
    """
    if not has_database(data):
        load_process_settings(Process.MIGRATE)  # names the variable that is missing
    if to is not None:
        _move(to, data)
        return
    with find_database(data, as_owner=True) as url, translate_database_errors():
        is_ours = migrate_and_seed(url, with_roles=with_roles)
    Console().print(
        "the database is up to date"
        if is_ours
        else "the tables are a newer version's, and serve this one as well: nothing was changed"
    )


def _move(to: str, data: Path) -> None:
    known = migrations.list_revisions()
    if to not in known:
        raise RequestRefusedError(
            f"there is no revision {to!r}; this version knows {known[0]} to {known[-1]}"
        )
    with (
        find_database(data, as_owner=True) as url,
        translate_database_errors(),
        closing(Database(url, application_name="rapport migrate", statement_timeout_ms=0)) as database,
    ):
        now = migrations.read_revision(database.engine)
        if now is not None and now > to:
            require_typed_yes(
                f"This goes back from revision {now} to {to}: what the later ones added is removed, with its "
                "values. Stop all processes and make a backup first.",
                "Type yes to go back",
                refusal="not confirmed, so nothing was changed",
            )
        migrations.move_schema(database.engine, to)
    Console().print(f"the database is at revision {to}")


def migrate_and_seed(database_url: str, *, with_roles: bool = False) -> bool:
    """Migrate, seed and grant rights. Idempotent, and safe for two processes at once.

    Returns False, and changes nothing, if the tables are a newer version's that serve this one. Raises
    RequestRefusedError if roles are to be created and this role may not.
    """
    with closing(
        Database(database_url, application_name="rapport migrate", statement_timeout_ms=0)
    ) as database:
        if not migrations.upgrade_schema(database.engine):
            return False  # the rights that this version knows would take those of the newer tables
        if with_roles:
            try:
                roles.create_roles(database.engine)
            except roles.RoleRefusedError as error:
                raise RequestRefusedError(str(error)) from None
        roles.grant_rights(database.engine)
        with database.transaction() as session:
            defaults.seed_templates(session)
    return True
