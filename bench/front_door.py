"""The front door's lists over a million interactions: the first and the last page, at 50 requests a second.

`python -m bench.front_door` starts a Postgres, fills it as `bench.console` does, and serves the application
in a process of its own. Each route below /v1 that answers a page of a list is asked for its first and its
last page; for comparison, what the route asks Postgres is asked bare, without the application. `--quick` only
shows that it works.
"""

import argparse
import asyncio
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
from fastapi import FastAPI
from rich.console import Console  # noqa: TID251 -- prints only its own figures
from sqlalchemy import event

from api_stub.stack.servers.ports import find_free_port
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from bench.console import create_application, fill
from bench.in_process import TestClient
from bench.report import Row, print_rows
from db.engine import Database
from worker.settings import Settings

RATE = 50
LIMIT = 100
_Statement = tuple[str, Any]


def find_lists(app: FastAPI) -> list[str]:
    """Return the addresses of /v1 that answer a page of a list, without those of one thing."""
    return [
        f"{path}{_filter(operations['get'])}"
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/v1/") and "{" not in path and _is_page(operations.get("get", {}))
    ]


def _filter(operation: Mapping[str, Any]) -> str:
    """Return the query that some lists need: the account's name."""
    return "?account=demo" if any(each["required"] for each in operation.get("parameters", ())) else ""


def _is_page(operation: Mapping[str, Any]) -> bool:
    answer = operation.get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
    return "/Page_" in answer.get("schema", {}).get("$ref", "")


def walk_to_the_end(client: TestClient, path: str) -> str | None:
    """Return the cursor of a list's last page, None if the first is the last."""
    cursor: str | None = None
    following: str | None = None
    while True:
        answer = client.get(_address(path, 1000, following))
        assert answer.status_code == 200, (path, answer.text)
        cursor, following = following, answer.json()["next"]
        if following is None:
            return cursor


def capture_statements(
    client: TestClient, database: Database, path: str, cursor: str | None
) -> list[_Statement]:
    """Return the statements of one request, with their parameters."""
    kept: list[_Statement] = []

    def keep(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
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


async def ask_steadily(base: str, key: str, path: str, cursor: str | None, seconds: int) -> list[float]:
    """Ask RATE times a second, whether answers come or not; return the seconds of each answer.

    They are infinite for a refusal.
    """

    async def ask(client: httpx.AsyncClient, at: float) -> float:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        answer = await client.get(_address(path, LIMIT, cursor))
        took = time.perf_counter() - at  # from when it was due: a queue counts
        return took if answer.status_code == 200 else math.inf

    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx.AsyncClient(
        base_url=base, headers={"X-API-Key": key}, limits=limits, timeout=30
    ) as client:
        began = time.perf_counter() + 0.1
        return await asyncio.gather(*(ask(client, began + n / RATE) for n in range(RATE * seconds)))


@contextmanager
def serve() -> Iterator[str]:
    """Serve the application with this process's settings in a process of its own; yield its address."""
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
            yield base
        finally:
            process.terminate()


def measure(address: str, redis_url: str, seconds: int) -> list[Row]:
    """Return a row for the first and the last page of each list."""
    app = create_application(address, redis_url)
    api_key = Settings().api_key
    assert api_key is not None
    key = api_key.get_secret_value()
    with TestClient(app, headers={"X-API-Key": key}) as client:
        pages = [
            (path, name, cursor, capture_statements(client, app.state.database, path, cursor))
            for path in find_lists(app)
            for name, cursor in (("first", None), ("last", walk_to_the_end(client, path)))
            if cursor or name == "first"
        ]
    with serve() as base:
        rows = []
        for path, name, cursor, statements in pages:
            asyncio.run(ask_steadily(base, key, path, cursor, 1))
            taken = asyncio.run(ask_steadily(base, key, path, cursor, seconds))
            bare = time_bare(address, statements, 2 * seconds)
            p95, alone = statistics.quantiles(taken, n=20)[-1], statistics.median(bare)
            what = f"{path}, {name} page"
            measured = f"{p95 * 1e3:.0f} ms, median {statistics.median(taken) * 1e3:.0f} ms"
            rows.append(Row(what, measured, f"{alone * 1e3:.1f} ms", f"{p95 / alone:.1f}", "< 100 ms"))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds: shows that it works, no figures")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    given = parser.parse_args()
    contacts, seconds = (300, 1) if given.quick else (100_000, 4)
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        postgres, redis = Postgres(Path(folder) / "postgres", durable=False), Redis(Path(folder) / "redis")
        with postgres, redis:
            address = postgres.create_database("lists")
            database = Database(address, application_name="bench", statement_timeout_ms=0)
            fill(database, contacts)
            database.close()
            rows = measure(address, redis.url, seconds)
        postgres.remove_data()
    print_rows(Console(), rows, title="python -m bench.front_door", markdown=given.markdown)


if __name__ == "__main__":
    main()
