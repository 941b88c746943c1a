"""Looks for marked secrets and texts in every place where none may be."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile, is_zipfile

import httpx
import psutil
import psycopg
import redis
from psycopg import sql
from sqlalchemy import select

from db.tables import Account
from tests.collector import Collector
from tests.e2e.conftest import API_KEY, FLOWER_AUTH, World
from worker.secrets import Vault
from worker.settings import SECRET_FIELDS


@contextmanager
def watch_redis(url: str) -> Iterator[list[str]]:
    """Collect every command that reaches the server meanwhile: messages, events, quota, all of it."""
    seen: list[str] = []
    with redis.Redis.from_url(url, decode_responses=True) as client, client.monitor() as monitor:

        def listen() -> None:
            for command in monitor.listen():
                if command["command"] == "ECHO that is all":
                    return
                seen.append(str(command["command"]))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield seen
        with redis.Redis.from_url(url) as other:
            other.echo("that is all")
        thread.join(10)


def list_secrets(world: World) -> set[str]:
    """Return the value of every secret setting, every password in them, and the cookie of the session.

    Raises ConfigurationError for a secret that is not set: none would look for it.
    """
    found = {world.settings.required(name).get_secret_value() for name in SECRET_FIELDS}
    passwords = {urlsplit(value).password for value in found} | {FLOWER_AUTH[1]}
    with world.database.transaction() as session:
        sealed = session.scalars(select(Account.session)).first()
    assert sealed is not None
    state = json.loads(Vault(world.settings.required("secret_keys")).open(sealed).get_secret_value())
    return found | {each for each in passwords if each} | {cookie["value"] for cookie in state["cookies"]}


def find_leaks(
    marked: Iterable[str],
    *,
    world: World,
    api: str,
    flower: str,
    collector: Collector,
    redis_commands: Iterable[str],
) -> list[str]:
    """Return each place that shows one of `marked`, and the beginning of what it shows."""
    places: Mapping[str, str] = {
        "logs": "\n".join(log.read_text() for log in (world.data / "logs").glob("*")),
        "traces": "\n".join(text for span in collector.spans() for text in span.texts),
        "metrics": httpx.get(f"{api}/metrics", headers={"X-API-Key": API_KEY}).text,
        "metric files": _read_files(world.data / "metrics"),
        "redis": "\n".join(redis_commands),
        "flower": "\n".join(_flower_pages(flower)),
        "process list": "\n".join(_command_lines(world)),
        "evidence": _read_files(world.data / "evidence"),
    }
    assert all(places.values()), {name for name, text in places.items() if not text}
    return [f"{place}: {value[:12]}" for value in marked for place, text in places.items() if value in text]


def find_in_database(marked: Iterable[str], world: World) -> list[str]:
    """Return the tables whose rows hold one of `marked`, as text or as bytes."""
    found = []
    with world.database.transaction() as session:
        own = session.connection().connection.driver_connection
        assert isinstance(own, psycopg.Connection)
        tables = own.execute("select tablename from pg_tables where schemaname = current_schema()").fetchall()
        for (table,) in tables:
            with own.cursor().copy(sql.SQL("copy {} to stdout").format(sql.Identifier(table))) as copy:
                dump = b"".join(copy).decode()
            here = [value for value in marked if value in dump or value.encode().hex() in dump]
            found += [f"{table}: {value[:12]}" for value in here]
    return found


def _flower_pages(flower: str) -> Iterator[str]:
    """Return what Flower says of its workers and tasks, and the page of one task of each name."""
    with httpx.Client(base_url=flower, auth=FLOWER_AUTH) as client:
        workers, tasks = (
            client.get(f"/api/{each}").raise_for_status().json() for each in ("workers", "tasks")
        )
        yield json.dumps([workers, tasks], ensure_ascii=False)
        of_each_name = {task["name"]: task_id for task_id, task in tasks.items()}
        for task_id in of_each_name.values():
            yield unescape(client.get(f"/task/{task_id}").raise_for_status().text)


def _command_lines(world: World) -> Iterator[str]:
    for child in world.children:
        process = psutil.Process(child.pid)
        for one in [process, *process.children(recursive=True)]:
            yield " ".join(one.cmdline())


def _read_files(folder: Path) -> str:
    """Return the names and contents of all files; those of archives one by one."""
    parts: list[str] = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        parts.append(str(file.relative_to(folder)))
        if is_zipfile(file):
            with ZipFile(file) as archive:
                parts += [name + archive.read(name).decode(errors="replace") for name in archive.namelist()]
        else:
            parts.append(file.read_bytes().decode(errors="replace"))
    return "\n".join(parts)
