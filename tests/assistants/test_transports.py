"""`rapport mcp` as a process, over stdio and over HTTP, in front of the real HTTP API."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent
from sqlalchemy import select

from api_stub.stack.environment import settings_environment
from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store import api_keys
from db.store.people import accounts
from db.tables import Change
from tests import web
from tests.cluster import run_apart, untraced, wait_for
from tests.console.conftest import create_test_app, serve
from tests.http.conftest import KEY
from tests.http.test_approval import some_wait, state
from worker.rules.access import KeyScope
from worker.rules.model import AccountStatus

Talk = Callable[[ClientSession], Awaitable[None]]

COMMAND = [sys.executable, "-m", "api_stub.cli", "mcp"]


@pytest.fixture
def address(database_url: str, redis_url: str) -> Iterator[str]:
    """The HTTP API, with one account."""
    with serve(create_test_app(database_url, redis_url)) as address:
        yield address


@pytest.fixture
def proposal(database: Database) -> UUID:
    """A message to somebody whom the account `mine` knows, which waits for approval."""
    return some_wait(database, name="mine")[1][0]


def issue_key(database: Database, *scopes: KeyScope) -> str:
    with database.transaction() as session:
        issued = api_keys.add_key(
            session, "assistant", scopes, lifetime=None, per_minute=600, burst=100, by="tests"
        )
    return issued.key.get_secret_value()


def over_stdio(address: str, key: str, talk: Talk) -> None:
    env = {**untraced(), **settings_environment({"mcp_url": address, "mcp_key": key})}
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=env)

    async def converse() -> None:
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            await talk(session)

    run_apart(converse)


def over_http(port: int, key: str, talk: Talk) -> None:
    async def converse() -> None:
        async with (
            httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=20) as client,
            streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            await talk(session)

    run_apart(converse)


def text_of(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


def data_of(result: CallToolResult) -> Any:
    assert not result.isError, text_of(result)
    return json.loads(text_of(result))["data"]


def test_over_stdio_an_assistant_reads_proposes_and_pauses_and_the_audit_names_its_key(
    address: str, proposal: UUID, database: Database
) -> None:
    async def talk(session: ClientSession) -> None:
        async def ask(tool: str, **given: Any) -> Any:
            return data_of(await session.call_tool(tool, given))

        assert [each["name"] for each in (await ask("accounts"))["items"]] == ["mine"]
        (person,) = (await ask("people", account="mine"))["items"]
        for tool in ("why", "forecast", "summary"):
            assert await ask(tool, account="mine"), tool
        assert await ask("why", account="mine", contact=person["id"])
        assert (await ask("person", contact=person["id"]))["id"] == person["id"]
        assert (await ask("pause", what="account", which="mine"))["now"]["status"] == "active"
        assert status(database) is AccountStatus.ACTIVE
        assert (await ask("pause", what="account", which="mine", dry_run=False))["status"] == "paused"
        started = await ask("start_campaign", account="mine", kind="birthday", dry_run=False)
        assert (await ask("campaign", campaign_id=started["campaign_id"]))["options"]["approval"] is True
        (waits,) = (await ask("proposals", account="mine"))["items"]
        meant = {"seen": {str(proposal): waits["seen"]}, "dry_run": False}
        assert "/problems/scope-missing" in text_of(await session.call_tool("approve", meant))

    over_stdio(address, issue_key(database, KeyScope.CONTROL), talk)
    assert status(database) is AccountStatus.PAUSED
    assert state(database, proposal)[0] == "proposed"
    with database.transaction() as session:
        changes = session.execute(select(Change.by, Change.change).order_by(Change.id)).all()
    assert changes[-2:] == [("assistant", "account.pause"), ("assistant", "campaign.start")]


def status(database: Database) -> AccountStatus:
    with database.transaction() as session:
        account = accounts.find_account(session, "mine")
        assert account
        return account.status


def test_over_http_each_request_needs_a_key_and_approves_only_what_was_shown(
    address: str, proposal: UUID, database: Database
) -> None:
    port = find_free_port()
    process = subprocess.Popen(
        [*COMMAND, "--http", "--port", str(port)],
        env={**untraced(), **settings_environment({"mcp_url": address})},
    )
    try:
        refused = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

        def answers() -> int | None:
            assert process.poll() is None
            try:
                return web.post(f"http://127.0.0.1:{port}/mcp", json=refused).status_code
            except httpx.TransportError:
                return None

        wait_for("the server", lambda: answers() is not None)
        assert answers() == 401
        foreign = {"Host": "rapport.example.org", "Authorization": f"Bearer {KEY}"}
        assert web.post(f"http://127.0.0.1:{port}/mcp", json=refused, headers=foreign).status_code == 421

        async def with_the_key(session: ClientSession) -> None:
            (waits,) = data_of(await session.call_tool("proposals", {}))["items"]
            for seen, approved in (("5" * 64, []), (waits["seen"], [str(proposal)])):
                meant = {"seen": {str(proposal): seen}, "dry_run": False}
                assert data_of(await session.call_tool("approve", meant))["approved"] == approved

        async def with_another(session: ClientSession) -> None:
            result = await session.call_tool("accounts", {})
            assert result.isError
            assert "/problems/key-wrong" in text_of(result)

        over_http(port, issue_key(database, KeyScope.APPROVE), with_the_key)
        assert state(database, proposal) == ("planned", None, "assistant")
        over_http(port, "another-key-of-nobody", with_another)
    finally:
        process.terminate()
        process.wait(60)
