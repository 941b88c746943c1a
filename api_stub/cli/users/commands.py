"""`rapport users`: add users of the console, change them, and sign them in or out."""

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.prompts import ask_secret, is_interactive, read_line, require_typed_yes
from api_stub.cli.servers.local_servers import load_settings
from api_stub.cli.users import display
from api_stub.cli.users.address import find_console_url, make_link
from db.store.console import sessions
from db.store.console import users as store
from worker.errors import RequestRefusedError
from worker.passwords import hash_password
from worker.rules.console.passwords import MOST_CHARACTERS, check_password
from worker.rules.console.users import Language, Role
from worker.rules.wording.counts import format_count

app = typer.Typer(help="Who may open the console: users, passwords, links, sessions.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name: `rapport users list`.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, '.', '_' and '-'.")],
    *,
    role: Annotated[
        Role, typer.Option(help="viewer: reads; approver: also approves, holds, pauses, stops; owner: all.")
    ] = Role.VIEWER,
    language: Annotated[Language, typer.Option(help="The language of their pages.")] = Language.ENGLISH,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a user. They have no password yet: give them a link, or a password.

    Example:
    rapport users add ann --role approver

    """
    with open_session(data) as session:
        store.add_user(session, name, role, language=language, by=get_terminal_user())
    print_text(
        f"{name} is added as {role}; next: `rapport users link {name}` or `rapport users password {name}`"
    )


@app.command("list")
def list_users(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List the users: role, language, whether they have a password, and where they are signed in."""
    with open_session(data, snapshot=True) as session:
        found = store.list_users(session)
    if as_json:
        print_answer(found)
    else:
        display.print_users(found)


@app.command("role")
def set_role(name: Name, role: Role, data: DataDir = DEFAULT_DATA) -> None:
    """Give a user another role. Their sessions end."""
    with open_session(data) as session:
        store.set_role(session, name, role, by=get_terminal_user())
    print_text(f"{name} is {role} now, and signed out everywhere")


@app.command("language")
def set_language(name: Name, language: Language, data: DataDir = DEFAULT_DATA) -> None:
    """Choose the language of a user's pages."""
    with open_session(data) as session:
        store.set_language(session, name, language, by=get_terminal_user())
    print_text(f"{name} reads the console in {language} now")


@app.command()
def password(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Set a user's password: asked for on the terminal, or the first line of a pipe. Their sessions end."""
    with open_session(data) as session:
        store.get_user(session, name)
    given = _read_password(name)
    with open_session(data) as session:
        store.set_password(session, name, hash_password(given), by=get_terminal_user())
    print_text(f"{name} has a new password, and is signed out everywhere")


@app.command()
def disable(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Let a user sign in no more, and end their sessions. `rapport users enable` lets them in again."""
    with open_session(data) as session:
        store.disable_user(session, name, by=get_terminal_user())
    print_text(f"{name} is signed out everywhere, and can't sign in: `rapport users enable {name}`")


@app.command()
def enable(name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Let a disabled user sign in again."""
    with open_session(data) as session:
        store.enable_user(session, name, by=get_terminal_user())
    print_text(f"{name} can sign in again")


@app.command()
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Remove a user and end their sessions. What they changed stays recorded under their name."""
    with open_session(data) as session:
        store.get_user(session, name)
    if not yes:
        require_typed_yes(
            f"{name} will be removed, and signed out everywhere. `rapport users disable` can be undone.",
            "Type yes to remove this user",
            refusal="nothing was changed: without a typed yes no user is removed",
        )
    with open_session(data) as session:
        store.remove_user(session, name, by=get_terminal_user())
    print_text(f"{name} is removed")


@app.command()
def link(name: Name, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Print a link that signs a user in once, within 24 hours. An earlier one that wasn't used ends."""
    settings = load_settings(data)
    if not settings.console:
        raise RequestRefusedError("the console is off: unset RAPPORT_CONSOLE to turn it on")
    with open_session(data) as session:
        user = store.get_user(session, name)
        if user.disabled_at is not None:
            raise RequestRefusedError(f"{name} is disabled: `rapport users enable {name}`")
        url = make_link(session, find_console_url(settings, data), user.id)
    if as_json:
        print_answer({"user": name, "url": url})
    else:
        print_text(url)
        if sys.stdout.isatty():
            print_text(f"it signs in once, within 24 hours; whoever opens it is {name}", "dim")


@app.command("sessions")
def list_sessions(
    name: Annotated[str | None, typer.Argument(help="Only this user's.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End them.")] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the browsers in which users are signed in, or sign them out."""
    with open_session(data) as session:
        chosen = [store.get_user(session, name)] if name is not None else store.list_users(session)
        by = get_terminal_user()
        ended = sum(sessions.end_sessions(session, each.name, by=by) for each in chosen) if end else 0
        found = sessions.list_sessions(session, user=name)
    if as_json:
        print_answer(found)
        return
    if end:
        print_text(f"{format_count(ended, 'browser is', 'browsers are')} signed out")
    display.print_sessions(found)


def _read_password(user: str) -> SecretStr:
    """Ask twice on a terminal, else read the first line of standard input. Raises RequestRefusedError."""
    if is_interactive():
        given = ask_secret("Password")
        check_password(given, user=user)
        if ask_secret("The same again") != given:
            raise RequestRefusedError("the two differ, so nothing was changed")
    else:
        given = read_line(MOST_CHARACTERS * 4 + 2).rstrip("\r\n")
        check_password(given, user=user)
    return SecretStr(given)
