"""`rapport keys`: add, list, rotate and revoke keys of the HTTP API."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import UTC_ZONE, format_time, print_text
from api_stub.cli.keys import display
from db.store import api_keys
from db.store.api_keys import IssuedKey
from worker.errors import RequestRefusedError
from worker.rules.api_keys import (
    DEFAULT_BURST,
    DEFAULT_PER_MINUTE,
    MOST_REQUESTS,
    OVERLAP,
    parse_lifetime,
    parse_overlap,
    parse_scopes,
)

app = typer.Typer(help="Keys of the HTTP API: named, limited to scopes, expiring.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The key's name: `rapport keys list`.")]
Expires = Annotated[
    str | None,
    typer.Option(help="How long it is valid, such as 90d or 12h. Without it: until it is revoked."),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, '.', '_' and '-'.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(
            help="read: what GET returns, except audit and exports; control: campaigns, pauses, contacts, "
            "templates, schedules, imports; approve: decide on proposals; admin: all. Give one or more."
        ),
    ],
    expires: Expires = None,
    per_minute: Annotated[
        int, typer.Option(min=1, max=MOST_REQUESTS, help="At most this many requests a minute.")
    ] = DEFAULT_PER_MINUTE,
    burst: Annotated[
        int, typer.Option(min=1, max=MOST_REQUESTS, help="At most this many at once.")
    ] = DEFAULT_BURST,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a key and print it, this once: only its hash is stored.

    Example:
    rapport keys add crm --scope read --scope control --expires 90d

    """
    scopes = parse_scopes(scope)
    lifetime = parse_lifetime(expires) if expires is not None else None
    with open_session(data) as session:
        issued = api_keys.add_key(
            session,
            name,
            scopes,
            lifetime=lifetime,
            per_minute=per_minute,
            burst=burst,
            by=get_terminal_user(),
        )
    _print_issued(issued, as_json=as_json)


@app.command("list")
def list_keys(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the keys: scopes, when each expires, and when it was last used. No key itself is shown."""
    with open_session(data, snapshot=True) as session:
        found = api_keys.list_keys(session)
    if as_json:
        print_answer(found)
    else:
        display.print_keys(found)


@app.command()
def rotate(
    name: Name,
    *,
    overlap: Annotated[
        str | None,
        typer.Option(help="How long the old secret stays valid, such as 2h; 24h if not given."),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="End the old secret at once, because it has leaked.")
    ] = False,
    expires: Annotated[
        str | None, typer.Option(help="How long it is valid from now, such as 90d. Without it: as before.")
    ] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Give a key a new secret and print it, this once. Name, scopes and limits stay.

    The old secret stays valid for a day, so that programs can change over. One from an earlier rotation ends
    at once. Without --expires, the key expires when it would have.
    """
    if now and overlap is not None:
        raise RequestRefusedError("--now and --overlap contradict each other: give one of them")
    kept = timedelta(0) if now else OVERLAP if overlap is None else parse_overlap(overlap)
    lifetime = parse_lifetime(expires) if expires is not None else None
    with open_session(data) as session:
        issued = api_keys.rotate_key(session, name, overlap=kept, lifetime=lifetime, by=get_terminal_user())
    _print_issued(issued, as_json=as_json)


@app.command()
def revoke(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """End a key for good, within two seconds. What it did stays recorded under its name."""
    with open_session(data) as session:
        is_changed = api_keys.revoke_key(session, name, by=get_terminal_user())
    print_text(f"{name} is revoked" if is_changed else f"{name} was revoked before")


def _print_issued(issued: IssuedKey, *, as_json: bool) -> None:
    record, key = issued.record, issued.key.get_secret_value()
    if as_json:
        print_answer(
            {
                "name": record.name,
                "key": key,
                "scopes": record.scopes,
                "expires_at": record.expires_at,
                "former_until": record.former_until,
            }
        )
        return
    print_text(key)
    if sys.stdout.isatty():
        print_text(f"the key of {record.name}: send it as X-API-Key; it is not shown again", "dim")
        if record.former_until is not None:
            until = format_time(record.former_until, UTC_ZONE)
            print_text(f"the old secret is valid until {until}", "dim")
