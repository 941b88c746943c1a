"""Real workers and Flower survive malformed messages, process the others, and report what they refused."""

import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import redis
from celery import Celery
from cryptography.fernet import Fernet
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.ports import check_http, find_free_port
from api_stub.stack.servers.redis import Redis
from db.engine import Database
from db.tables import RefusedMessage
from tests.cluster import wait_for
from tests.messages.broadcasts import CONTROL, EVENTS, command_kinds, event_kinds
from tests.messages.malformed import kinds
from tests.messages.well_formed import TASK, command, event, message, raw
from tests.servers import Servers
from worker.metrics.exposition import render_exposition

FLOWER_AUTH: Final = ("rapport", "a-flower-password")
QUEUES: Final = ("birthday", "visitor", "sourcing", "control", "celery")
MIXED: Final = 250
SOON: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Cluster:
    """A control worker, a browser worker and Flower, with their own Redis and database."""

    children: dict[str, Child]
    broker: redis.Redis
    database: Database
    redis_url: str
    metrics_dir: Path

    def push(self, queue: str, item: bytes) -> None:
        self.broker.lpush(queue, item)

    def done(self) -> int:
        """Return how many well-formed tasks have succeeded."""
        return int(self._sum("rapport_tasks_total", task=TASK, outcome="success"))

    def refused(self) -> int:
        return int(self._sum("rapport_messages_refused_total"))

    def _sum(self, name: str, **labels: str) -> float:
        exposed = render_exposition(self.metrics_dir).decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(exposed)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def rows(self) -> int:
        with self.database.transaction() as session:
            return session.scalars(select(func.count()).select_from(RefusedMessage)).one()

    def all_alive(self) -> bool:
        return all(child.alive() for child in self.children.values())

    def log(self, name: str) -> str:
        return self.children[name].log.read_text(errors="replace")

    def assert_well(self) -> None:
        """Assert that all processes are alive and that no message waits or is unacknowledged."""
        dead = {name: self.log(name)[-3000:] for name, child in self.children.items() if not child.alive()}
        assert dead == {}
        assert {queue: self.broker.llen(queue) for queue in QUEUES} == dict.fromkeys(QUEUES, 0)
        assert (self.broker.hlen("unacked"), self.broker.zcard("unacked_index")) == (0, 0)


@pytest.fixture(scope="module")
def cluster(servers: Servers) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="rapport-messages-") as folder, Redis(Path(folder)) as server:
        database_name = f"messages_{Path(folder).name[-8:].lower()}"
        servers.copy_template(database_name)
        database_url = servers.database_url_of(database_name)
        flower_port = find_free_port()
        env = {
            **inherited_environment(),
            **settings_environment(
                {
                    "database_url": database_url,
                    "redis_url": server.url,
                    "secret_keys": Fernet.generate_key().decode(),
                    "flower_auth": ":".join(FLOWER_AUTH),
                    "evidence_dir": Path(folder) / "evidence",
                    "metrics_dir": Path(folder) / "metrics",
                    "log_format": "json",
                }
            ),
        }
        broker = redis.Redis.from_url(server.url)
        broker.hset("unacked", "broken", b"[1]")
        broker.zadd("unacked_index", {"broken": 0})
        table = ProcessTable(Path(folder))
        commands = {
            "control": ("worker", "control", "--name", "control"),
            "browser": ("worker", "browser", "--name", "browser"),
            "flower": ("flower", "--port", str(flower_port)),
        }
        children = {
            name: table.start(name, [sys.executable, "-m", "api_stub.cli", *words], env)
            for name, words in commands.items()
        }
        database = Database(database_url, application_name="tests")
        cluster = Cluster(children, broker, database, server.url, Path(folder) / "metrics")
        try:
            wait_for(
                "the workers", lambda: all(" ready." in cluster.log(name) for name in ("control", "browser"))
            )
            children["flower"].wait_until(check_http(flower_port, "/healthcheck"), SOON)
            yield cluster
        finally:
            for child in children.values():
                child.request_stop()
            for child in children.values():
                child.stop(timedelta(seconds=10))
            database.close()
            broker.close()


@dataclass(frozen=True)
class Counted:
    """Counts of done, refused and stored messages."""

    done: int
    refused: int
    rows: int


@pytest.fixture
def before(cluster: Cluster) -> Counted:
    return Counted(cluster.done(), cluster.refused(), cluster.rows())


def settle(cluster: Cluster, before: Counted, *, done: int, refused: int) -> None:
    """Wait until so many more messages are done, refused and stored, and check all processes."""
    after = Counted(before.done + done, before.refused + refused, before.rows + refused)

    def settled() -> bool:
        return cluster.rows() == after.rows and after == Counted(
            cluster.done(), cluster.refused(), cluster.rows()
        )

    wait_for("every message to end", lambda: settled() or not cluster.all_alive(), patience=SOON)
    cluster.assert_well()
    assert settled()


def test_a_worker_outlives_a_queue_that_becomes_something_else(cluster: Cluster) -> None:
    done = cluster.done()
    cluster.broker.set("control", "no list")
    wait_for("room for the queue", lambda: cluster.broker.exists("rapport:refused:control"), patience=SOON)
    cluster.push("control", raw(message()))
    wait_for("the task", lambda: cluster.done() > done, patience=SOON)
    cluster.assert_well()


def test_one_worker_outlives_every_kind_and_works_on(cluster: Cluster, before: Counted) -> None:
    every = kinds()
    valid = 0
    for number, item in enumerate(every.values()):
        cluster.push("control", item)
        if number % 10 == 9:
            cluster.push("control", raw(message()))
            valid += 1
    cluster.push("control", raw(message()))
    settle(cluster, before, done=valid + 1, refused=len(every))
    assert '"event": "message_refused"' in cluster.log("control")
    assert "Traceback" not in cluster.log("control")


def test_a_mix_of_hundreds_in_all_queues_leaves_nothing_behind(cluster: Cluster, before: Counted) -> None:
    chance = random.Random(7)
    malformed = list(kinds().values())
    valid = 0
    for number in range(MIXED):
        well_formed = number % 11 == 0
        valid += well_formed
        cluster.push(QUEUES[number % 5], raw(message()) if well_formed else chance.choice(malformed))
    settle(cluster, before, done=valid, refused=MIXED - valid)


def test_a_broken_entry_of_what_is_unacknowledged_is_dropped_at_start(cluster: Cluster) -> None:
    with cluster.database.transaction() as session:
        found = session.scalars(select(RefusedMessage.reason).where(RefusedMessage.queue == "unacked")).all()
    assert found == ["bad_unacked"]


@pytest.mark.parametrize(("channel", "every"), [(CONTROL, command_kinds), (EVENTS, event_kinds)])
def test_all_who_subscribe_outlive_every_kind_of_broadcast(
    cluster: Cluster, before: Counted, channel: str, every: Callable[[], dict[str, bytes]]
) -> None:
    broadcasts = every()
    listeners, counted = (1, 0) if channel == EVENTS else (2, 2)  # Flower, or the two workers
    for item in broadcasts.values():
        assert cluster.broker.publish(channel, item) == listeners
    if channel == EVENTS:  # subscribed to as a pattern, so anybody may choose the rest of the name
        assert cluster.broker.publish(EVENTS.encode() + b"\xff", raw(event())) == listeners
    cluster.broker.publish(channel, raw(command() if channel == CONTROL else event()))
    cluster.push("control", raw(message()))
    cluster.push("birthday", raw(message()))
    wait_for("the workers", lambda: cluster.done() == before.done + 2, patience=SOON)
    wait_for(
        "all to be refused",
        lambda: cluster.refused() == before.refused + counted * len(broadcasts),  # Flower has its own metrics
        patience=SOON,
    )
    if channel == EVENTS:
        wait_for(
            "Flower", lambda: cluster.log("flower").count("message_refused") >= len(broadcasts), patience=SOON
        )
    cluster.assert_well()
    with Celery(broker=cluster.redis_url, set_as_current=False) as client:
        wait_for("both workers' answers", lambda: len(client.control.ping(timeout=2)) == 2)
    assert "Traceback" not in cluster.log("control")
    assert "Failed to capture" not in cluster.log("flower")
