"""A birthday campaign from the plan to the summary, as the account's owner expects it.

It uses real workers, a real browser and the practice network, whose ledger has every effect.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_celery import CeleryTestSetup
from sqlalchemy import func, select

from api_stub.sandbox.client import SandboxClient
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import status as quota_status
from db.tables import Action, Campaign, Contact, Exclusion, Interaction
from ops.monitoring.recording.servers import Prometheus
from tests import web
from tests.builders import SANDBOX, a_contact, database_now
from tests.cluster import wait_for
from tests.collector import Collector, run_collector
from tests.e2e.canary import find_in_database, find_leaks, list_secrets, watch_redis
from tests.e2e.conftest import API_KEY, FLOWER_AUTH, World, start, world_broker
from tests.e2e.monitored import break_everything, check_every_query
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.wire.trace_ids import derive_trace_id

KEY = {"X-API-Key": API_KEY}
BY_HAND = "Happy birthday from me, see you on Friday"
ANSWER = "Thank you, how kind!"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with run_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def more_settings(collector: Collector) -> Mapping[str, object]:
    return {"traces": True, "otlp_endpoint": collector.address}


@pytest.fixture(scope="module")
def browsers() -> int:
    return 1


@pytest.fixture
def redis_commands(world: World) -> Iterator[list[str]]:
    with watch_redis(world_broker[world.data].config()["admin_url"]) as seen:
        yield seen


@pytest.fixture
def notifier(world: World) -> None:
    """The only process that needs the keys of notices. What it logs is searched, too."""
    start(world, "notifier", "notifier")


@pytest.fixture
def listening_flower(celery_setup: CeleryTestSetup, world: World, flower: str) -> str:
    """Flower, once it hears each worker: then it hears of each task, too."""

    def hears_all() -> bool:
        alive = httpx.get(f"{flower}/api/workers", auth=FLOWER_AUTH, params={"status": "true"}).json()
        return len(alive) == len(celery_setup.worker_cluster) and all(alive.values())

    wait_for("Flower to hear each worker", hears_all)
    return flower


class People:
    """The roles of the people: five with a birthday today, then five of the week before. Others are gone."""

    def __init__(self, sandbox: SandboxClient) -> None:
        today = sandbox.today()
        near = [p for p in sandbox.people() if today - p.birthday_on <= timedelta(days=7)]
        slugs = [p.slug for p in sorted(near, key=lambda p: (today - p.birthday_on, p.slug))]
        self.today, self.late = slugs[:5], slugs[5:]
        self.written_to, self.writes_first, self.dropped, self.never, self.answers = self.today
        self.blacklisted, self.greeted_by_v1, self.gone, self.disconnected = self.late[:4]
        self.reached = {self.answers, self.late[4]}
        self.others = self.late[5:]


@pytest.fixture
def people(sandbox: SandboxClient, account: AccountRecord, world: World) -> People:
    """The people, prepared before the campaign starts."""
    people = People(sandbox)
    for slug in people.others:
        sandbox.change(slug, deleted=True)
    sandbox.write_as_member(people.written_to, "demo", BY_HAND)
    sandbox.change(people.gone, deleted=True)
    with world.database.transaction() as session:
        year = sandbox.today().year
        session.add(Exclusion(account_id=account.id, profile_url=address(people.blacklisted)))
        for occasion in (f"birthday:{year}", f"birthday:{year - 1}"):
            session.add(
                Exclusion(account_id=account.id, profile_url=address(people.greeted_by_v1), occasion=occasion)
            )
        a_contact(session, account, "no-name", name="🎉", birthday=database_now(session).date())
        gone = next(p for p in sandbox.people() if p.slug == people.disconnected)
        a_contact(session, account, people.gone, name="Gone", birthday=gone.birthday_on)
    return people


def address(slug: str) -> str:
    return f"{SANDBOX}{slug}/"


def states(world: World) -> dict[str, tuple[str, str | None]]:
    with world.database.transaction() as session:
        rows = session.execute(select(Contact.profile_url, Action.state, Action.reason).join(Contact))
        return {url.removeprefix(SANDBOX).strip("/"): (state, reason) for url, state, reason in rows}


def ask(api: str, path: str, **parameters: str) -> Any:
    answer = web.get(f"{api}{path}", headers=KEY, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decide(api: str, path: str, body: dict[str, object]) -> None:
    answer = web.post(f"{api}/control/{path}", headers=KEY, json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("notifier")
def test_a_campaign_ends_as_a_person_would_expect_and_its_summary_says_so(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    *,
    api: str,
    listening_flower: str,
    people: People,
    collector: Collector,
    redis_commands: list[str],
    prometheus: Prometheus | None,
) -> None:
    campaign_id = str(uuid4())
    body = {"account": "demo", "late_days": 7, "approval": True, "campaign_id": campaign_id}
    asked = web.post(f"{api}/control/birthday", headers=KEY, json=body)
    assert asked.status_code == 202
    wait_for("the plan", lambda: len(states(world)) == 11)
    planned = states(world)
    assert planned[people.blacklisted] == (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert planned[people.greeted_by_v1] == (ActionState.SKIPPED, Reason.ALREADY_GREETED)
    assert planned["no-name"] == (ActionState.SKIPPED, Reason.NO_NAME)
    proposals = ask(api, "/control/proposals", campaign=campaign_id)["items"]
    assert len(proposals) == 8
    assert sandbox.ledger("demo") == []

    seen = {p["profile_url"].removeprefix(SANDBOX).strip("/"): p for p in proposals}
    decide(api, f"actions/{seen[people.dropped]['id']}/drop", {})
    decide(api, f"actions/{seen[people.never]['id']}/never", {})
    sandbox.write_as_person(people.writes_first, "demo", "Are you coming tonight?")
    sandbox.change(people.disconnected, connected=False)
    own_words = "Dear friend, a very happy birthday and a calm year"
    decide(
        api, f"actions/{seen[people.answers]['id']}/edit",
        {"seen": seen[people.answers]["seen"], "message": own_words},
    )  # fmt: skip
    decided = {people.dropped, people.never, people.answers}
    rest = {p["id"]: p["seen"] for slug, p in seen.items() if slug not in decided}
    decide(api, f"campaigns/{campaign_id}/approve", {"seen": rest})

    ended = {ActionState.DONE, ActionState.SKIPPED, ActionState.FAILED}
    wait_for(
        "the end of it",
        lambda: {state for state, _ in states(world).values()} <= ended,
        patience=timedelta(minutes=2),
    )
    assert states(world) == {
        **dict.fromkeys(people.reached, (ActionState.DONE, None)),
        people.written_to: (ActionState.SKIPPED, Reason.WRITTEN_BY_HAND),
        people.writes_first: (ActionState.SKIPPED, Reason.CONTACT_REPLIED),
        people.dropped: (ActionState.SKIPPED, Reason.DROPPED_BY_HAND),
        people.never: (ActionState.SKIPPED, Reason.DO_NOT_CONTACT),
        people.blacklisted: (ActionState.SKIPPED, Reason.DO_NOT_CONTACT),
        people.greeted_by_v1: (ActionState.SKIPPED, Reason.ALREADY_GREETED),
        people.gone: (ActionState.SKIPPED, Reason.PROFILE_GONE),
        people.disconnected: (ActionState.SKIPPED, Reason.NOT_CONNECTED),
        "no-name": (ActionState.SKIPPED, Reason.NO_NAME),
    }
    ledger = [e for e in sandbox.ledger("demo") if e.text != BY_HAND]
    assert sorted(e.slug for e in ledger) == sorted(people.reached)
    assert next(e.text for e in ledger if e.slug == people.answers) == own_words

    sandbox.write_as_person(people.answers, "demo", ANSWER)
    celery_setup.app.send_task("tasks.birthday.replies", kwargs={"account": "demo"})
    wait_for("the reply", lambda: answered(world) == [people.answers])
    day = ask(api, "/data/summary", account="demo")
    assert day["happened"] == {
        "sent": 2,
        "late": 1,
        "replies": 1,
        "settled_by_hand": 0,
        "failed": {},
        "visits": 0,
        "pages": 0,
        "withdrawn": 0,
        "skipped": {
            Reason.DO_NOT_CONTACT: 2, Reason.ALREADY_GREETED: 1, Reason.NO_NAME: 1, Reason.WRITTEN_BY_HAND: 1,
            Reason.CONTACT_REPLIED: 1, Reason.DROPPED_BY_HAND: 1, Reason.PROFILE_GONE: 1,
            Reason.NOT_CONNECTED: 1,
        },
    }  # fmt: skip
    assert (day["greeted"], day["answered"], day["open"]["due"]) == (2, 1, 0)
    with world.database.transaction() as session:
        assert session.scalars(select(func.count(Interaction.reply))).one() == 0  # no `keep_replies`
        assert session.scalars(
            select(Contact.do_not_contact).where(Contact.profile_url == address(people.never))
        ).one()
        # The message written by hand counts in addition to the two that were sent.
        assert session.scalars(select(func.count()).select_from(Interaction)).one() == 3
    the_five_known_metrics_agree(world, api, sent=len(ledger))

    # A process sends spans every second, so those below another one may come before it.
    wait_for("the last step", lambda: names_of(collector, asked) >= STEPS)
    wait_for("one tree", lambda: roots_of(collector, asked) == ["POST /control/birthday"])
    check_traces(collector, asked, {ANSWER, BY_HAND, own_words, *texts_of(world)})
    check_logs(world, asked.headers["X-Correlation-ID"])
    secrets = list_secrets(world)
    marked = secrets | {ANSWER, BY_HAND, own_words, *texts_of(world)} - set(
        seen
    )  # pictures are named by slugs
    find = partial(
        find_leaks,
        world=world,
        api=api,
        flower=listening_flower,
        collector=collector,
        redis_commands=redis_commands,
    )
    assert find(marked) == []
    assert find_in_database(secrets, world) == []
    # what may be seen is found, so the search works
    assert {found.partition(":")[0] for found in find({campaign_id})} >= {"logs", "redis", "flower"}
    assert find_in_database({own_words}, world)

    if prometheus is not None:
        with world.database.transaction() as session:
            break_everything(session, world.data / "metrics")
        check_every_query(prometheus)


def the_five_known_metrics_agree(world: World, api: str, *, sent: int) -> None:
    """Hold each against Postgres and what reached the practice network: `sent` messages of ours."""
    shown: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for family in text_string_to_metric_families(web.get(f"{api}/metrics").text):
        for sample in family.samples:
            shown[sample.name, *(value for _, value in sorted(sample.labels.items()))] += sample.value
    with world.database.transaction() as session:
        campaigns = session.scalars(select(func.count()).select_from(Campaign)).one()
        ended = Counter(session.scalars(select(Action.state)))
        greet = quota_status.get_kind_status(session, accounts.list_accounts(session)[0].id, Kind.GREET, "")
    left = greet.by_ledger.remaining
    assert left is not None
    messages = "linkedin_birthday_messages_sent_total"
    assert shown[messages, "success"] == sent == ended[ActionState.DONE] == 2
    assert shown[messages, "failed"] == ended[ActionState.FAILED] == 0
    processed = {
        (source, outcome): shown["linkedin_contacts_processed_total", outcome, source]
        for source in ("birthday", "visitor", "sourcing", "import")
        for outcome in ("success", "skip", "failed")
    }
    assert {key: count for key, count in processed.items() if count} == {
        ("birthday", "success"): ended[ActionState.DONE],
        ("birthday", "skip"): ended[ActionState.SKIPPED],
    }
    remaining = "linkedin_rate_limit_remaining"
    assert shown[remaining, "daily"] == min(left.day, left.all_day) == 50 - sent - 1  # and one by hand
    assert shown[remaining, "weekly"] == min(left.week, left.all_week)
    requests = "linkedin_api_request_duration_seconds_count"
    assert shown[requests, "POST", "/control/birthday", "202"] == campaigns == 1
    assert not [key for key, count in shown.items() if key[0] == "linkedin_errors_total" and count]


STEPS = {
    "POST /control/birthday", "publish tasks.birthday.campaign", "tasks.birthday.campaign", "campaign",
    "dispatch", "publish tasks.birthday.greet", "tasks.birthday.greet", "perform", "check gates",
    "reserve quota", "EVALSHA reserve", "sandbox open_thread", "write intent", "sandbox click_send",
    "sandbox proof", "record", "INSERT interactions",
}  # fmt: skip


def trace_of(asked: httpx.Response) -> int:
    return derive_trace_id(asked.headers["X-Correlation-ID"])


def names_of(collector: Collector, asked: httpx.Response) -> set[str]:
    return {span.name for span in collector.spans(trace_of(asked))}


def roots_of(collector: Collector, asked: httpx.Response) -> list[str]:
    """Return the spans that are below no other one."""
    spans = collector.spans(trace_of(asked))
    ids = {span.span_id for span in spans}
    return [span.name for span in spans if span.parent_id not in ids]


def texts_of(world: World) -> set[str]:
    """Everything that a person could be known by, and every text."""
    with world.database.transaction() as session:
        people = session.execute(select(Contact.full_name, Contact.profile_url)).all()
        texts = session.scalars(select(Interaction.message)).all()
    slugs = {url.removeprefix(SANDBOX).strip("/") for _, url in people}
    return {name for name, _ in people} | slugs | set(texts)


def check_traces(collector: Collector, asked: httpx.Response, hidden: set[str]) -> None:
    """From the request to the effects it is one tree, and no span holds a text, a name or an address."""
    spans = collector.spans(trace_of(asked))
    assert {span.service for span in spans} == {"rapport-api", "rapport-control", "rapport-browser"}
    shown = "\n".join(text for span in collector.spans() for text in span.texts)
    assert [text for text in hidden if text in shown] == []
    assert "http:" not in shown


def check_logs(world: World, correlation_id: str) -> None:
    """Every line about an action of the campaign has the id of its request, in every process."""
    with world.database.transaction() as session:
        actions = {str(action) for action in session.scalars(select(Action.id))}
    lines = [
        (log.stem, json.loads(raw))
        for log in (world.data / "logs").glob("*.log")
        for raw in log.read_text().splitlines()
        if any(action in raw for action in actions)
    ]
    assert {name for name, _ in lines} >= {"control", "browser1"}
    assert [each for each in lines if each[1]["correlation_id"] != correlation_id] == []


def answered(world: World) -> list[str]:
    with world.database.transaction() as session:
        rows = session.scalars(
            select(Contact.profile_url).join(Interaction).where(Interaction.replied_at.is_not(None))
        )
        return [url.removeprefix(SANDBOX).strip("/") for url in rows]
