"""`rapport notify`: where notices are sent, and what was sent."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    load_zones,
    open_database,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import print_text
from api_stub.cli.hints import program
from api_stub.cli.notices import display
from api_stub.cli.screen.prompts import ask_secret, is_interactive, read_line
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from db.engine import Database
from db.store.actions.review import approval_links
from db.store.notices import log, targets
from tasks.notices.targets import add_target, send_test
from worker.errors import RequestRefusedError
from worker.rules.notices.deliveries import WHAT_HAPPENED, SendFailure
from worker.rules.notices.kinds import CHOOSABLE, NoticeKind
from worker.rules.wording.counts import format_count
from worker.secrets import Vault, open_notice_vault

app = typer.Typer(help="Tell people what happens: mail, chat, push, webhooks.", no_args_is_help=True)

_FROM_INPUT: Final = "-"
_MOST_CHARS: Final = 4_000

Name = Annotated[str, typer.Argument(help="The target's name: `rapport notify list`.")]


@app.command()
def add(
    url: Annotated[
        str,
        typer.Argument(
            metavar="[URL]",
            help="Where to send: mailtos://…, tgram://…, ntfys://…, webhook+https://…; docs/notices.md has "
            "examples. Without it, or with -, it is asked for or read from a pipe, so that it isn't in the "
            "list of processes.",
        ),
    ] = _FROM_INPUT,
    *,
    name: Annotated[str | None, typer.Option(help="What to call it; else the URL's scheme.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Only this account's notices, and those that concern all accounts.")
    ] = None,
    only: Annotated[
        list[NoticeKind] | None,
        typer.Option(
            metavar="KIND", help=f"Only this kind of notice; may be repeated: {', '.join(CHOOSABLE)}."
        ),
    ] = None,
    with_texts: Annotated[
        bool, typer.Option("--with-texts", help="Quote the planned messages in digests.")
    ] = False,
    with_screenshots: Annotated[
        bool,
        typer.Option("--with-screenshots", help="Attach the picture of the page that stopped an account."),
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a target. Its URL is stored encrypted and never shown again.

    A webhook's signing secret is printed once: the receiver needs it.

    Example:
    rapport notify add --name mail

    """
    if only and NoticeKind.TEST in only:
        raise RequestRefusedError(f"--only takes any of: {', '.join(CHOOSABLE)}")
    with _open(data) as (database, vault):
        with database.transaction() as session:
            owner = require_account(session, account) if account is not None else None
        given = SecretStr(url) if url != _FROM_INPUT else _read_url()
        with show_wait("checking the URL"):
            added = add_target(
                database,
                vault,
                given,
                name=name,
                account_id=owner.id if owner else None,
                kinds=only,
                with_texts=with_texts,
                with_screenshots=with_screenshots,
            )
    if as_json:
        print_answer(
            {"name": added.name, "secret": added.secret.get_secret_value() if added.secret else None}
        )
        return
    print_text(
        f"{added.name} is added ({added.checked.service}); to try it: `rapport notify test {added.name}`"
    )
    if not added.checked.is_encrypted:
        print_text(
            f"{added.checked.scheme}:// is not encrypted: anybody on the way can read what is sent there"
        )
    if added.secret is not None:
        print_text("the secret that signs its messages, shown only now:")
        print_text(added.secret.get_secret_value())


@app.command("list")
def list_targets(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the targets: scheme and host of each, what it is told, and whether it works."""
    with open_session(data, snapshot=True) as session:
        found, zones = targets.list_targets(session), load_zones(session)
    if as_json:
        print_answer(found)
    else:
        display.print_targets(found, zones)


@app.command()
def remove(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Remove a target with its URL. What waits for it is not sent; its links to approve with are revoked."""
    with open_session(data) as session:
        target = targets.get_target(session, name)
        targets.remove_target(session, target.id)
        approval_links.revoke_links(session, target=name)
    print_text(f"{name} is removed; nothing more is sent to {target.shown_address}")


@app.command()
def pause(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Send nothing to a target until it is resumed. It isn't told later what happens meanwhile."""
    with open_session(data) as session:
        targets.set_paused(session, targets.get_target(session, name).id, paused=True)
    print_text(f"{name} is paused: `rapport notify resume {name}`")


@app.command()
def resume(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Send to a paused target again, from now on."""
    with open_session(data) as session:
        targets.set_paused(session, targets.get_target(session, name).id, paused=False)
    print_text(f"{name} is told again")


@app.command("test")
def run_test(
    name: Annotated[str | None, typer.Argument(help="The target's name; else all of them.")] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Send a test now, and say whether the server took it. Exits with 4 if one did not."""
    with _open(data) as (database, vault):
        with database.transaction() as session:
            chosen = targets.list_targets(session) if name is None else [targets.get_target(session, name)]
        if not chosen:
            raise RequestRefusedError("there is no target yet: `rapport notify add` adds one")
        evidence_dir = load_settings(data).evidence_dir
        failures: dict[str, SendFailure | None] = {}
        for each in chosen:
            with show_wait(f"sending to {each.name}"):
                failure = send_test(
                    database, vault, each.id, evidence_dir=evidence_dir, program=program()
                ).failure
            failures[each.name] = failure
            if not as_json:
                said = "the server took it" if failure is None else WHAT_HAPPENED[failure]
                print_text(f"{each.name}: {said}")
    if as_json:
        print_answer([{"name": name, "failure": failure} for name, failure in failures.items()])
    sys.exit(ExitCode.FOUND if any(failures.values()) else ExitCode.DONE)


@app.command("log")
def show_log(
    name: Annotated[str | None, typer.Argument(help="Only what was sent to this target.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List what was sent to whom, what waits, and what could not be sent and why, newest first."""
    with open_session(data, snapshot=True) as session:
        target_id = targets.get_target(session, name).id if name is not None else None
        found = log.list_deliveries(session, limit=limit, target_id=target_id)
        zones = load_zones(session)
    if as_json:
        print_answer(found)
    else:
        display.print_log(found, zones)


@app.command()
def links(
    name: Annotated[str | None, typer.Argument(help="Only what this target was sent.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke those that are open.")] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the links to approve with that digests held, newest first, or revoke the open ones.

    The links themselves are not stored. Digests have them once RAPPORT_PUBLIC_URL is set.
    """
    with open_session(data) as session:
        revoked = approval_links.revoke_links(session, target=name) if revoke else 0
        found, zones = approval_links.list_links(session, target=name), load_zones(session)
    if as_json:
        print_answer(found)
        return
    if revoke:
        print_text(f"{format_count(revoked, 'link is', 'links are')} revoked")
    display.print_links(found, zones)


@contextmanager
def _open(data: Path) -> Iterator[tuple[Database, Vault]]:
    """Open the database and the vault of the targets' URLs."""
    with open_database(data) as database:
        yield database, open_notice_vault(load_settings(data).required("notice_keys"))


def _read_url() -> SecretStr:
    """Ask for the URL on a terminal, else read the first line of standard input."""
    given = ask_secret("URL") if is_interactive() else read_line(_MOST_CHARS + 2)
    if not given.strip():
        raise RequestRefusedError("no URL was given: enter it on the terminal, or pipe it in")
    return SecretStr(given.strip())
