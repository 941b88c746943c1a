"""The console's address, and links that sign in."""

from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from api_stub.cli.context import get_terminal_user, open_session
from api_stub.cli.servers.local_servers import load_settings
from api_stub.stack.state_file import read_state
from db.store.console import links, users
from worker.settings import Settings

_COMPOSE: Final = "http://127.0.0.1:8000"
"""The port of Docker Compose, on the machine on which it runs."""


def find_console_url(settings: Settings, data: Path) -> str:
    """Return where the console is: the public address, else that of the stack on `data`."""
    state = read_state(data)
    own = state.addresses.get("api") if state is not None else None
    return settings.public_url or own or _COMPOSE


def make_link(session: Session, console_url: str, user_id: int) -> str:
    """Return a link that signs a user in once."""
    return f"{console_url}/enter/{links.make_link(session, user_id, by=get_terminal_user())}"


def describe_console(data: Path) -> str:
    """Return a line with a link for the first owner to the console of the stack that runs on `data`."""
    settings = load_settings(data)
    with open_session(data) as session:
        return describe_link(session, settings, find_console_url(settings, data))


def describe_link(session: Session, settings: Settings, own_url: str) -> str:
    """Return a line with a link for the first owner, who is added if there are no users.

    If that owner was removed or disabled, it is the address alone.
    """
    if not settings.console:
        return "the console is off: RAPPORT_CONSOLE"
    url = settings.public_url or own_url
    owner = users.ensure_owner(session, by=get_terminal_user())
    if owner is None:
        return f"the console: {url}/"
    return f"the console, signed in once with this link: {make_link(session, url, owner.id)}"
