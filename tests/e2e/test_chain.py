"""The whole chain (beat, Redis, browser worker, quota, site, Postgres), started from every entry point."""

import json
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import redis
from pytest_celery import CeleryTestSetup
from sqlalchemy import func, select

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.ledger_check import compare_with_ledger
from db.store.campaigns import schedules
from db.store.people.accounts import AccountRecord
from db.store.reports import overview
from db.tables import Action, Campaign, Interaction, Schedule
from tests import web
from tests.builders import an_account
from tests.cluster import wait_for
from tests.e2e.conftest import API_KEY, FLOWER_AUTH, World
from tests.e2e.outsider import CAMPAIGN, call_from_outside
from worker.rules.model import ActionState, CampaignKind


def leave_people(sandbox: SandboxClient, count: int) -> None:
    """Leave so many of the five whose birthday is today: each greeting takes a second of a browser."""
    today = [person.slug for person in sandbox.people() if person.birthday_on == sandbox.today()]
    for slug in today[count:]:
        sandbox.change(slug, deleted=True)


@pytest.fixture
def one_person(sandbox: SandboxClient) -> None:
    leave_people(sandbox, 1)


@pytest.fixture
def two_people(sandbox: SandboxClient) -> None:
    leave_people(sandbox, 2)


def everybody_greeted_once(
    world: World, sandbox: SandboxClient, account: AccountRecord, expected: int
) -> None:
    """Wait until all actions are done, then compare Postgres with the network's ledger."""

    def all_done() -> bool:
        with world.database.transaction() as session:
            lines = overview.list_account_actions(session, account.id)
        return len(lines) == expected and all(line.state is ActionState.DONE for line in lines)

    wait_for(f"{expected} greetings", all_done)
    with world.database.transaction() as session:
        verdict = compare_with_ledger(
            overview.list_account_actions(session, account.id), sandbox.ledger("demo")
        )
    assert (verdict.greetings, verdict.in_ledger, verdict.twice) == (expected, expected, 0)
    assert verdict.problems == ()


def rows(world: World, table: type) -> int:
    with world.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_client_without_our_code_starts_a_campaign_by_name(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    one_person: None,
    *,
    account: AccountRecord,
    tmp_path: Path,
) -> None:
    assert celery_setup.ready(control=True, docker=True)
    call_from_outside(world, tmp_path, {"account": "demo", "late_days": 0})
    everybody_greeted_once(world, sandbox, account, expected=1)


@pytest.mark.parametrize(
    ("kwargs", "complaint"),
    [
        ({"account": "demo", "late_days": 99}, "late_days"),
        ({"account": "demo", "colour": "blue"}, "colour"),
        ({}, "account"),
        ({"account": "nobody-of-ours"}, "there is no account called 'nobody-of-ours'"),
    ],
)
def test_wrong_arguments_give_a_clear_error_and_no_rows(
    celery_setup: CeleryTestSetup, world: World, clean: None, *, kwargs: dict[str, object], complaint: str
) -> None:
    with world.database.transaction() as session:
        an_account(session)
    control = celery_setup.worker_cluster[2]
    before = len(control.logs())
    celery_setup.app.send_task(CAMPAIGN, kwargs=kwargs)
    wait_for("the refusal in the log", lambda: complaint in control.logs()[before:])
    assert rows(world, Campaign) == 0
    assert rows(world, Action) == 0


def test_two_campaigns_at_the_same_instant_greet_each_contact_once(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    two_people: None,
    *,
    account: AccountRecord,
) -> None:
    for _ in range(2):
        celery_setup.app.send_task(CAMPAIGN, kwargs={"account": "demo", "late_days": 0})
    wait_for("both campaigns", lambda: rows(world, Campaign) == 2)
    everybody_greeted_once(world, sandbox, account, expected=2)


def test_flower_starts_a_campaign_and_asks_for_its_password(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    one_person: None,
    *,
    account: AccountRecord,
    flower: str,
) -> None:
    url = f"{flower}/api/task/async-apply/{CAMPAIGN}"
    body = {"kwargs": {"account": "demo", "late_days": 0}}
    assert web.post(url, json=body).status_code == 401
    assert web.post(url, json=body, auth=("rapport", "wrong")).status_code == 401
    assert rows(world, Campaign) == 0
    headers = {"X-Correlation-ID": "from-flower-1"}
    answer = web.post(url, json=body, auth=FLOWER_AUTH, headers=headers, params={"token": "a-query"})
    assert answer.status_code == 200
    assert answer.json()["task-id"]
    assert answer.headers["X-Correlation-ID"] == "from-flower-1"
    everybody_greeted_once(world, sandbox, account, expected=1)
    with world.database.transaction() as session:
        assert set(session.scalars(select(Action.correlation_id))) == {"from-flower-1"}
    log = (world.data / "logs" / "flower.log").read_text()
    assert "a-query" not in log
    lines = [json.loads(line) for line in log.splitlines()]  # no line of another form
    said = [(line["status"], line["user"], line["level"]) for line in lines if line["event"] == "request"]
    assert said == [(401, None, "warning"), (401, None, "warning"), (200, "rapport", "info")]
    last = next(line for line in lines if line.get("correlation_id") == "from-flower-1")
    assert (last["method"], last["route"]) == ("POST", "/api/task/async-apply/{}")
    assert last["duration_ms"] > 0


def test_flower_sends_a_forged_id_and_a_name_that_nobody_has_to_no_effect(
    celery_setup: CeleryTestSetup, world: World, sandbox: SandboxClient, account: AccountRecord, flower: str
) -> None:
    before = [len(node.logs()) for node in celery_setup.worker_cluster]
    forged = {"kwargs": {"action_id": str(uuid4())}, "queue": "birthday"}
    answer = web.post(f"{flower}/api/task/send-task/tasks.birthday.greet", json=forged, auth=FLOWER_AUTH)
    assert answer.status_code == 200
    wrong = f"{flower}/api/task/send-task/tasks.birthday.shout"
    assert web.post(wrong, json={"queue": "control"}, auth=FLOWER_AUTH).status_code == 200

    def said(*words: str) -> bool:
        logs = [n.logs()[start:] for n, start in zip(celery_setup.worker_cluster, before, strict=True)]
        return all(any(word in log for log in logs) for word in words)

    wait_for("both to be refused", lambda: said("nothing_to_claim", "tasks.birthday.shout"))
    assert rows(world, Action) == 0
    assert sandbox.ledger("demo") == []


def test_one_correlation_id_reaches_rows_and_logs_and_no_log_holds_a_text_or_a_secret(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    one_person: None,
    *,
    account: AccountRecord,
    api: str,
) -> None:
    headers = {"X-API-Key": API_KEY, "X-Correlation-ID": "from-a-test-1"}
    answer = web.post(f"{api}/control/birthday", headers=headers, json={"account": "demo", "late_days": 0})
    assert answer.status_code == 202
    assert answer.headers["X-Correlation-ID"] == "from-a-test-1"
    everybody_greeted_once(world, sandbox, account, expected=1)
    for table in (Campaign, Action, Interaction):
        with world.database.transaction() as session:
            assert set(session.scalars(select(table.correlation_id))) == {"from-a-test-1"}

    def ended() -> int:
        lines = [line for node in celery_setup.worker_cluster for line in node.logs().splitlines()]
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return sum(t["event"] == "action_ended" and t["correlation_id"] == "from-a-test-1" for t in told)

    wait_for("the workers' lines", lambda: ended() == 1)
    shown = web.get(f"{api}/control/campaigns/{answer.json()['campaign_id']}", headers=headers).json()
    assert shown["actions"] == {"done": 1}
    logs = "".join(path.read_text(errors="replace") for path in (world.data / "logs").glob("*.log*"))
    password = world.settings.required("redis_url").get_secret_value().split(":")[2].split("@")[0]
    for secret in (
        API_KEY,
        FLOWER_AUTH[1],
        password,
        world.settings.required("secret_keys").get_secret_value(),
        "Happy",
    ):
        assert secret not in logs


def test_a_dry_run_says_what_would_be_sent_and_touches_nothing(
    celery_setup: CeleryTestSetup, world: World, sandbox: SandboxClient, account: AccountRecord, api: str
) -> None:
    headers = {"X-API-Key": API_KEY}
    body = {"account": "demo", "late_days": 7, "dry_run": True}
    campaign = web.post(f"{api}/control/birthday", headers=headers, json=body).json()["campaign_id"]
    url = f"{api}/control/campaigns/{campaign}"

    def preview() -> list[dict[str, str]]:
        shown = web.get(url, headers=headers)
        return shown.json().get("preview") or [] if shown.status_code == 200 else []

    would = wait_for("the preview", preview)
    assert len(would) == 13
    assert all(line["message"] and not line["left_out"] for line in would)
    assert rows(world, Action) == 0
    assert sandbox.ledger("demo") == []


def test_ready_really_asks_and_the_legacy_metrics_move(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    two_people: None,
    *,
    account: AccountRecord,
    api: str,
) -> None:
    headers = {"X-API-Key": API_KEY}
    # A worker that has just started records what it consumes within a second, and an answer is kept for four.
    wait_for("ready", lambda: web.get(f"{api}/ready", timeout=20).status_code == 200)
    celery_setup.app.send_task(CAMPAIGN, kwargs={"account": "nobody-of-ours"})
    before = sent_total(api)
    web.post(f"{api}/control/birthday", headers=headers, json={"account": "demo", "late_days": 0})
    everybody_greeted_once(world, sandbox, account, expected=2)
    wait_for("the counter", lambda: sent_total(api) == before + 2)
    refused = 'linkedin_errors_total{service="task",type="request_refused"} 0'
    wait_for("the error", lambda: refused not in web.get(f"{api}/metrics").text)
    shown = web.get(f"{api}/metrics").text
    for name in (
        "linkedin_api_request_duration_seconds_bucket",
        "linkedin_rate_limit_remaining{",
        "linkedin_contacts_processed_total{",
        "linkedin_errors_total",
    ):
        assert name in shown
    assert f'linkedin_rate_limit_remaining{{period="daily"}} {50 - 2}' in shown
    page = web.get(f"{api}/data/interactions", headers=headers, params={"limit": 1}).json()
    rest = web.get(
        f"{api}/data/interactions", headers=headers, params={"limit": 3, "before": page["next_before"]}
    ).json()
    texts = {effect.text for effect in sandbox.ledger("demo")}
    assert {item["message"] for item in page["items"] + rest["items"]} == texts
    assert rest["next_before"] is None


def test_counters_never_fall_and_no_file_is_left_when_workers_and_children_are_killed(
    celery_setup: CeleryTestSetup, world: World, api: str
) -> None:
    control = celery_setup.worker_cluster[-1].container

    def ticks() -> float:
        lines = web.get(f"{api}/metrics").raise_for_status().text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("rapport_tasks_total{"))

    def wait_for_next_tick() -> None:
        """Wait for another counted tick; beat ticks every second."""
        seen = [ticks()]

        def more() -> bool:
            seen.append(ticks())
            assert seen[-1] >= seen[-2]
            return seen[-1] > seen[0]

        wait_for("a tick to be counted", more)

    def files() -> set[str]:
        # Without gauges: a process that has just taken over a slot has deleted them, and sets its own later.
        return {path.name for path in world.data.glob("metrics/*/*") if not path.name.startswith("gauge_")}

    wait_for_next_tick()
    kept = files()
    (child,) = psutil.Process(control.child.pid).children()
    child.kill()
    child.wait()
    wait_for_next_tick()
    family = [psutil.Process(control.child.pid), *psutil.Process(control.child.pid).children()]
    control.kill()
    psutil.wait_procs(family)
    before = ticks()
    control.restart()
    world.children.append(control.child)
    wait_for_next_tick()
    assert ticks() > before > 0
    assert files() == kept


def sent_total(api: str) -> float:
    series = 'linkedin_birthday_messages_sent_total{status="success"}'
    (line,) = (each for each in web.get(f"{api}/metrics").text.splitlines() if each.startswith(series))
    return float(line.split()[-1])


def test_a_schedule_fires_in_the_accounts_zone_through_beat(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    one_person: None,
    *,
    account: AccountRecord,
) -> None:
    with world.database.transaction() as session:
        now = session.scalars(select(func.now())).one()
        schedules.save_schedule(
            session,
            account_id=account.id,
            kind=CampaignKind.BIRTHDAY,
            cron="0 9 * * *",
            options={"late_days": 0},
            next_fire_at=now,
        )
    everybody_greeted_once(world, sandbox, account, expected=1)
    with world.database.transaction() as session:
        (schedule,) = session.scalars(select(Schedule))
        assert schedule.next_fire_at > now
        assert schedule.next_fire_at.hour == 9


def test_a_message_goes_to_its_own_queue_only(celery_setup: CeleryTestSetup, world: World) -> None:
    """Queues that share an exchange and a key would each get a copy of every message."""
    with redis.Redis.from_url(
        world.settings.required("redis_url").get_secret_value(), decode_responses=True
    ) as client:
        for queue in ("birthday", "visitor", "sourcing", "control", "celery"):
            (binding,) = client.smembers(f"_kombu.binding.{queue}")
            assert binding.endswith(f"\x06\x16{queue}")
