"""The front door's lists over a million interactions: the first and the last page, at 50 requests a second.

`./run bench front_door` starts a Postgres, fills it as the bench `console` does, and serves the application
in a process of its own. Each route below /v1 that answers a page of a list is asked for its first and its
last page of a hundred; lists without any row are left out. For comparison, what the route asks Postgres is
asked bare, without the application. Forecasts are remembered until something changes, so their first look
after a commit is timed too. `--quick` only shows that it works.
"""

import asyncio
import math
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import psycopg
from fastapi import FastAPI
from sqlalchemy import event, func, select, text
from starlette.requests import Request

from api_stub.http.v1.pages import write_cursor
from api_stub.stack.servers.ports import find_free_port
from api_stub.stack.servers.redis import Redis
from bench.command import Given, run_bench
from bench.pages.console import ADD_SOMEBODY, create_application, fill
from bench.pages.in_process import TestClient
from bench.report import Row
from bench.start import read_processor_time
from bench.system.servers import open_database, run_postgres
from db.engine import Database
from worker.settings import Settings

RATE = 50
LIMIT = 100
LONGEST_S = 10
CONNECTED_WITHIN_S = 1
"""Else a crowd that waits would take the connections with no time left for an answer."""
CONNECTIONS = 32
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REMEMBERED = ("/v1/birthdays", "/v1/accounts/demo/forecast/people")
LONG_LISTS = {
    f"/v1/{table}": f"select created_at, id from {table} order by created_at, id offset :limit limit 1"
    for table in ("actions", "interactions")
}
"""How to find the row before the last page of the lists that take minutes to walk through."""
PROPOSE = """
set local session_replication_role = replica;
update actions set state = 'proposed', reason = 'awaiting_approval', not_before = now()
where id in (select id from actions where state = 'done' order by created_at, id offset 1000 limit 285)
"""
"""Besides the few proposals that `bench.pages.console` has: more than a page of them."""
_Statement = tuple[str, Any]


def find_lists(app: FastAPI, client: TestClient) -> list[str]:
    """Return the addresses below /v1 that answer a page of a list that has any row."""
    ids = {
        "account": "demo",
        "contact_id": "77",
        "campaign_id": client.get("/v1/campaigns?limit=1").json()["items"][0]["id"],
        "action_id": client.get("/v1/actions?limit=1").json()["items"][0]["id"],
    }
    found = [
        f"{path.format_map(ids)}{_filter(operations['get'])}"
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/v1/") and _is_page(operations.get("get", {}))
    ]
    return [path for path in found if _has_rows(client, path)]


def _has_rows(client: TestClient, path: str) -> bool:
    if client.get(path).status_code == 409:  # results of a campaign that doesn't search
        return False
    return bool(_read_page(client, path, 1, None)["items"])


def _filter(operation: Mapping[str, Any]) -> str:
    """Return the query that some lists need: the account's name."""
    given = operation.get("parameters", ())
    return "?account=demo" if any(each["required"] and each["in"] == "query" for each in given) else ""


def _is_page(operation: Mapping[str, Any]) -> bool:
    answer = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
    return "/Page_" in answer.get("schema", {}).get("$ref", "")


def find_last_page(app: FastAPI, client: TestClient, path: str) -> str | None:
    """Return the cursor of a list's last page, None if the first is the last."""
    if path in LONG_LISTS:
        with app.state.database.transaction() as session:
            position = session.execute(text(LONG_LISTS[path]), {"limit": LIMIT}).one()
        scope = {"type": "http", "app": app, "path": path, "query_string": b"", "headers": []}
        cursor = write_cursor(Request(scope), tuple(position))
        assert _read_page(client, path, LIMIT, cursor)["next"] is None
        return cursor
    last: str | None = None
    following = _read_page(client, path, LIMIT, None)["next"]
    while following is not None:
        last, following = following, _read_page(client, path, 1000, following)["next"]
    return last


def _read_page(client: TestClient, path: str, limit: int, cursor: str | None) -> Mapping[str, Any]:
    answer = client.get(_address(path, limit, cursor))
    assert answer.status_code == 200, (path, answer.text)
    page: Mapping[str, Any] = answer.json()
    return page


def capture_statements(
    client: TestClient, database: Database, path: str, cursor: str | None
) -> list[_Statement]:
    """Return the statements of one request, with their parameters."""
    kept: list[_Statement] = []

    def keep(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if not statement.startswith("set transaction"):  # a request may have several; here they are one
            kept.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", keep)
    try:
        client.get(_address(path, LIMIT, cursor))
    finally:
        event.remove(database.engine, "before_cursor_execute", keep)
    return kept


def _address(path: str, limit: int, cursor: str | None) -> str:
    page = f"limit={limit}{f'&cursor={quote(cursor)}' if cursor else ''}"
    return f"{path}{'&' if '?' in path else '?'}{page}"


def time_bare(address: str, statements: Sequence[_Statement], times: int) -> list[float]:
    """Return the seconds that the statements alone take, in one transaction, each time."""
    taken = []
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        for _ in range(times):
            began = time.perf_counter()
            with connection.transaction():
                for statement, parameters in statements:
                    found = connection.execute(statement, parameters)
                    if found.description:
                        found.fetchall()
            taken.append(time.perf_counter() - began)
    return taken


def ask_steadily(base: str, key: str, path: str, cursor: str | None, seconds: int) -> list[float]:
    """Ask RATE times a second, whether answers come or not; return the seconds of each answer.

    They are infinite for a refusal, and where none comes within LONGEST_S.
    """
    return asyncio.run(ask_in_turn(base, key, [_address(path, LIMIT, cursor)], rate=RATE, seconds=seconds))


async def ask_in_turn(
    base: str, key: str, addresses: Sequence[str], *, rate: int, seconds: float
) -> list[float]:
    """Ask for the addresses in turn, `rate` times a second; return the seconds of each answer as above."""
    # Requests wait here: httpx looks at all that wait for a connection at each of them.
    free = asyncio.Semaphore(CONNECTIONS)

    async def ask(client: httpx.AsyncClient, at: float, address: str) -> float:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                await free.acquire()
            try:
                async with asyncio.timeout(LONGEST_S):
                    answer = await client.get(address)
            finally:
                free.release()
        except (httpx.TransportError, TimeoutError):
            return math.inf
        took = time.perf_counter() - at  # from when it was due: a queue counts
        return took if answer.status_code == 200 else math.inf

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=base, headers={"X-API-Key": key}, limits=limits, timeout=LONGEST_S
    ) as client:
        began = time.perf_counter() + 0.1
        asked = (
            ask(client, began + n / rate, addresses[n % len(addresses)]) for n in range(int(rate * seconds))
        )
        return await asyncio.gather(*asked)


def describe(path: str, taken: Sequence[float], processor: timedelta, bare: Sequence[float]) -> Row:
    """Return the row of one page: the time that 95 of 100 answers keep, the median and the processor time.

    The processor time is of the application and of Postgres together, for one answer. Unlike the others, it
    hardly depends on what else the machine does.
    """
    in_order = sorted(taken)
    p95, median = (in_order[math.ceil(share * len(in_order)) - 1] for share in (0.95, 0.5))
    refused = sum(map(math.isinf, taken))
    alone = statistics.median(bare)
    measured = f"{_milliseconds(p95)}, median {_milliseconds(median)}"
    measured += f", {_milliseconds(processor.total_seconds() / len(taken))} of processor"
    if refused:
        measured += f", {refused} of {len(taken)} without an answer"
    target = "< 100 ms" if path.endswith(" page") else ""
    name = _UUID.sub("{id}", path)
    return Row(name, measured, f"{alone * 1e3:.1f} ms", f"{median / alone:.1f}", target)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if math.isfinite(seconds) else "never"


@contextmanager
def serve() -> Iterator[tuple[str, int]]:
    """Serve the application with this process's settings in a process of its own; yield address and pid."""
    port = find_free_port()
    command = [sys.executable, "-m", "api_stub.http", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            while True:
                try:
                    httpx.get(f"{base}/health", timeout=1)
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.1)
            yield base, process.pid
        finally:
            process.terminate()


def commit_somebody(database: Database) -> None:
    """Commit a change, so that what is remembered is read again."""
    with database.transaction() as session:
        session.execute(text(ADD_SOMEBODY))


def time_after_commits(base: str, key: str, path: str, database: Database, times: int) -> list[float]:
    """Return the seconds of each first look at a list after a commit."""
    taken = []
    with httpx.Client(base_url=base, headers={"X-API-Key": key}, timeout=30) as client:
        for _ in range(times):
            commit_somebody(database)
            began = time.perf_counter()
            answer = client.get(_address(path, LIMIT, None))
            taken.append(time.perf_counter() - began if answer.status_code == 200 else math.inf)
    return taken


def measure(address: str, redis_url: str, seconds: int, say: Callable[[str], object]) -> list[Row]:
    """Return a row for the first and the last page of each list."""
    app = create_application(address, redis_url)
    api_key = Settings().api_key
    assert api_key is not None
    key = api_key.get_secret_value()
    rows = []
    with serve() as (base, pid), TestClient(app, headers={"X-API-Key": key}) as client:
        database: Database = app.state.database
        with database.transaction() as session:
            backend = session.scalars(select(func.pg_backend_pid())).one()
        postgres_pid = psutil.Process(backend).ppid()

        def measure_page(what: str, path: str, cursor: str | None, ask: Callable[[], list[float]]) -> None:
            say(what)
            statements = capture_statements(client, database, path, cursor)
            before = read_processor_time(pid) + read_processor_time(postgres_pid)
            taken = ask()
            processor = read_processor_time(pid) + read_processor_time(postgres_pid) - before
            rows.append(describe(what, taken, processor, time_bare(address, statements, 20)))

        for path in find_lists(app, client):
            last = find_last_page(app, client, path)
            for name, cursor in [("first", None), *([("last", last)] if last else [])]:
                ask = partial(ask_steadily, base, key, path, cursor)
                ask(1)
                measure_page(f"{path}, {name} page", path, cursor, partial(ask, seconds))
        for path in REMEMBERED:
            commit_somebody(database)
            after_commits = partial(time_after_commits, base, key, path, database, 5 * seconds)
            measure_page(f"{path}, after a commit", path, None, after_commits)
    return rows


def measure_all(given: Given) -> list[Row]:
    """Fill a database, and ask for its lists."""
    with run_postgres(given.folder / "postgres") as postgres, Redis(given.folder / "redis") as redis:
        address = postgres.create_database("lists")
        given.say("filling the tables")
        with open_database(address) as database:
            fill(database, given.pick(quick=300, usual=100_000))
            with database.transaction() as session:
                for statement in PROPOSE.split(";"):
                    session.execute(text(statement))
        return measure(address, redis.url, given.pick(quick=1, usual=2), given.say)


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
