"""Browsers in front of the real gate of the console."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import unescape

import pytest
from fastapi import FastAPI
from httpx import Response
from pydantic import SecretStr
from sqlalchemy import text

from db.engine import Database
from db.store.console import links, users
from tests.console.conftest import create_test_app
from tests.http.conftest import TestClient
from worker.passwords import hash_password
from worker.rules.console.users import Language, Role

PASSWORD = "correct horse battery"
HASH = hash_password(SecretStr(PASSWORD))
WRONG = "incorrect horse battery"

Visitors = Callable[..., TestClient]


@pytest.fixture
def visitor(database_url: str, redis_url: str) -> Iterator[Visitors]:
    """Create a browser that hasn't signed in; given settings override the working defaults."""
    with ExitStack() as opened:

        def make(**changed: object) -> TestClient:
            app = create_test_app(database_url, redis_url, **changed)
            return opened.enter_context(TestClient(app, follow_redirects=False))

        yield make


def add_user(database: Database, name: str = "ann", role: Role = Role.OWNER, *, password: bool = True) -> int:
    """Add a user, with PASSWORD or without one; return the id."""
    with database.transaction() as session:
        user = users.add_user(session, name, role, language=Language.ENGLISH, by="tests")
        if password:
            users.set_password(session, name, HASH, by="tests")
    return user.id


def make_link(database: Database, user_id: int) -> str:
    """Return the path of a new link."""
    with database.transaction() as session:
        return f"/enter/{links.make_link(session, user_id, by='tests')}"


def read_token(page: str) -> str:
    """Return the form token of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def sign_in(browser: TestClient, name: str = "ann", password: str = PASSWORD, **fields: str) -> Response:
    """Send the form of the sign-in page; return the answer."""
    page = browser.get("/enter")
    form = {"csrf": read_token(page.text), "name": name, "password": password, **fields}
    answer: Response = browser.post("/enter", data=form)
    return answer


def app_of(browser: TestClient) -> FastAPI:
    """Return the application that a browser asks."""
    assert isinstance(browser.app, FastAPI)
    return browser.app


def key_of(browser: TestClient) -> str:
    """Return the keys that the browser's application signs with, for another one."""
    return str(app_of(browser).state.settings.console_keys.get_secret_value())


def execute(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as session:
        session.execute(text(statement), values)


def count(database: Database, table: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(f"select count(*) from {table}")).scalar_one())
