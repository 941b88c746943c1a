"""What holds for every address of the console, whoever adds one."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from fastapi.routing import iter_route_contexts

from api_stub.console.console import ROUTERS
from api_stub.console.paths import OPEN_SECTIONS, find_section
from api_stub.console.session import Role
from db.engine import Database
from tests.builders import a_contact, an_account
from tests.console.conftest import Console, with_token
from tests.console.entry.conftest import Visitors

FOR_ALL: Final = {
    "/enter", "/leave", "/sessions/end-others", "/sessions/language", "/sessions/{session_id}/end",
}  # fmt: skip
"""Forms that every role may send: they sign browsers in and out."""
IDS: Final = {"{token}": "x", "{kind}": "birthday", "{account}": "demo", "{contact}": "1"}


def list_routes(method: str) -> Iterator[str]:
    for router in ROUTERS:
        for each in iter_route_contexts(router.routes):
            if each.path and method in (each.methods or ()):
                yield each.path


def fill(path: str) -> str:
    """Return an address of a route: with an id of nothing in place of each field."""
    return re.sub(
        r"\{[^}]+\}",
        lambda found: IDS.get(found[0], "00000000-0000-4000-8000-000000000000"),
        path,
    )


def test_every_route_lies_behind_the_door(visitor: Visitors) -> None:
    stranger = visitor()
    found = 0
    for method in ("GET", "POST"):
        for path in list_routes(method):
            section = find_section(path)
            assert section is not None, f"{path} asks for the key: add its section to paths.py"
            if section not in OPEN_SECTIONS:
                assert stranger.request(method, fill(path)).status_code == 303, path
                found += 1
    assert found > 10


def test_no_route_takes_another_method() -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert not list(list_routes(method))


def test_every_form_asks_for_the_session_s_token(
    console: Console, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        monkeypatch.setitem(IDS, "{contact}", str(a_contact(session, an_account(session), "ann").id))
    owner = console(Role.OWNER)
    for path in list_routes("POST"):
        kinds = ({"data": {"csrf": "x"}}, {"data": {"csrf": "x"}, "files": {"file": b"x"}})
        for form in kinds if path == "/imports" else kinds[:1]:
            assert owner.post(fill(path), **form).status_code == 400, path


def test_a_viewer_changes_nothing(console: Console) -> None:
    viewer = console(Role.VIEWER)
    for path in set(list_routes("POST")) - FOR_ALL:
        assert viewer.post(fill(path), data=with_token()).status_code == 403, path
