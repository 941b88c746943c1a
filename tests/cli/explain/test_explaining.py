"""`rapport actions`, `why` and `audit`, and errors as one clear line."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from api_stub.cli import context, formatting
from api_stub.stack.lock import FolderLock
from db.engine import Database
from db.role_names import APP
from db.store.actions import events, lifecycle
from db.store.people import accounts
from tasks.quota import Quota
from tests.builders import SANDBOX, a_campaign, a_contact, action, add_planned, an_account
from tests.cli.conftest import NOBODY, Rapport
from tests.db.helpers import claim_action, queue_due_actions
from tests.servers import Servers
from worker import queues
from worker.errors import Reason
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.wording.reasons import describe_reason
from worker.secrets import Vault
from worker.servers import redis_address
from worker.settings import Settings


def greeted_and_waiting(database: Database) -> tuple[UUID, UUID]:
    """Ann was greeted; Bob [x] waits for the day's limit."""
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, Vault(Settings().required("secret_keys")).seal("{}"))
        campaign_id = a_campaign(session, account)
        ann = add_planned(
            session, account, a_contact(session, account, "ann"), campaign_id=campaign_id, text="Hi Ann"
        )
        session.execute(text("update campaigns set state = 'planned'"))
        queue_due_actions(session)
        claim = claim_action(session, ann, "box:7")
        lifecycle.write_intent(session, claim)
        lifecycle.record_effect(session, claim, status="sent", text="Hi Ann!", screenshot=None)
    with database.transaction() as session:
        bob = add_planned(
            session, account, a_contact(session, account, "bob", name="Bob [x]"), campaign_id=campaign_id
        )
        row = action(session, bob)
        row.reason, row.not_before = Reason.DAY_LIMIT, row.not_before + timedelta(days=1)
        row.detail = "[/] the quota"
    return ann, bob


def test_show_tells_the_whole_story(database: Database, rapport: Rapport) -> None:
    ann, _ = greeted_and_waiting(database)
    said = rapport("actions", "show", str(ann)[:10])
    lines = [line.split("\t")[1:3] for line in said.splitlines()[-5:]]
    assert lines == [
        ["-", "planned"], ["planned", "queued"], ["queued", "claimed"], ["claimed", "acting"],
        ["acting", "done"],
    ]  # fmt: skip
    for part in (
        str(ann),
        f"Ann, {SANDBOX}ann/",
        "greet for birthday ",
        "Hi Ann!",
        "tests",
        "when\tfrom\tto",
        "test",
    ):
        assert part in said
    with database.transaction() as session:
        first = events.list_events(session, ann)[0]
    assert formatting.format_time(first.at, formatting.UTC_ZONE, seconds=True) in said


def test_show_says_what_is_waited_for_and_that_a_text_is_not_proven(
    database: Database, rapport: Rapport
) -> None:
    _, bob = greeted_and_waiting(database)
    said = rapport("actions", "show", str(bob))
    assert "the day's limit is reached; [/] the quota" in said
    assert "Hi! (not verified)" in said


def test_list_shows_names_reasons_and_times_and_can_be_narrowed(database: Database, rapport: Rapport) -> None:
    assert "no actions" in rapport("actions", "list")
    ann, bob = greeted_and_waiting(database)
    said = rapport("actions", "list")
    assert said.index(str(bob)[:8]) < said.index(str(ann)[:8])
    assert "Bob [x]" in said
    with database.transaction() as session:
        until = formatting.format_time(action(session, bob).not_before, formatting.UTC_ZONE)
    assert f"about {until}: the day's limit is reached; [/] the quota" in said
    assert "Bob" not in rapport("actions", "list", "--state", "done")
    assert "no account called 'other'" in rapport.refused("actions", "list", "--account", "other")
    assert str(ann)[:8] not in rapport("actions", "list", "--limit", "1")


def test_an_unknown_or_ambiguous_id_is_said_in_one_line(database: Database, rapport: Rapport) -> None:
    assert "there is no action 'abc'; `rapport actions list`" in rapport.refused("actions", "show", "abc")
    assert "there is no campaign '[/x]'" in rapport.refused("campaign", "pause", "[/x]")
    ann, bob = greeted_and_waiting(database)
    with database.transaction() as session:
        session.execute(
            text("update actions set id = cast(:new as uuid) where id = :old"),
            [
                {"new": f"aaaaaaaa-0000-4000-8000-00000000000{n}", "old": old}
                for n, old in enumerate((bob, _without_interaction(database)))
            ],
        )
    assert "several actions begin with 'aaaaaaaa'" in rapport.refused("actions", "show", "aaaaaaaa")
    assert "several actions begin" in rapport.refused("why", "aaaaaaaa")
    assert ann


def _without_interaction(database: Database) -> UUID:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        return add_planned(session, account, a_contact(session, account, "cy"))


def test_why_answers_for_an_account_a_person_and_an_action(
    database: Database, rapport: Rapport, redis_url: str
) -> None:
    ann, bob = greeted_and_waiting(database)
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", ["birthday", "control"], asked_s=0, busy_s=None)
    whole = rapport("why", "demo")
    assert "account demo on sandbox, days begin in UTC" in whole
    assert "actions: 1 planned, 1 done" in whole
    assert "next: Bob [x] is greeted about" in whole
    assert "1 used, 9999 left of 10000" in whole
    for about in (str(bob), str(bob)[:8], "bob", f"{SANDBOX}bob", "Bob [x]"):
        said = rapport("why", about)
        assert "the day's limit is reached" in said
        assert f"action {bob}" in said
    assert "ended as done" in rapport("why", str(ann))
    assert len(whole.splitlines()) < 28


def test_why_says_that_redis_is_away_and_what_the_ledger_tells(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    greeted_and_waiting(database)
    assert "because Redis' counters are not built yet" in rapport("why", "bob")
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    said = rapport("why", "bob")
    assert "because Redis does not answer. Postgres decides meanwhile" in said
    assert "1 used, 9999 left of 10000" in said
    assert "can't tell: Redis does not answer: ConnectionError" in said
    assert "next, once workers take messages: Bob [x] is greeted about" in said


def test_why_tells_what_redis_has_counted(database: Database, rapport: Rapport, redis_url: str) -> None:
    greeted_and_waiting(database)
    counted(database, redis_url)
    said = rapport("why", "demo")
    assert "read from Redis, which decides" in said
    assert "2 used, 9998 left of 10000" in said


def counted(database: Database, redis_url: str) -> None:
    """Build the account's counters in Redis, with one unit more than in the ledger."""
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        account_id = account.id
    client = redis_quota.connect(redis_address.parse(redis_url))
    quota = Quota(database, RedisQuota(client), lease=timedelta(minutes=3))
    assert quota.reserve(account_id, Kind.GREET, "another run", "unit:1").decision.granted
    client.close()


def test_why_says_the_stop_and_its_reason(database: Database, rapport: Rapport) -> None:
    greeted_and_waiting(database)
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
    rapport("stop-everything")
    said = rapport("why", "demo")
    assert "stopped: the site asks for proof that you are human" in said
    assert "by ops@host" in said


def test_why_finds_nobody_or_too_many(database: Database, rapport: Rapport) -> None:
    assert "no match for 'nobody'" in rapport.refused("why", "nobody")
    assert "no match for" in rapport.refused("why", str(uuid4()))
    with database.transaction() as session:
        for name in ("one", "two"):
            a_contact(session, an_account(session, name), "ann")
    said = rapport.refused("why", "ann")
    assert said.splitlines()[1:] == [
        f"  1  Ann, {SANDBOX}ann/, of account one", f"  2  Ann, {SANDBOX}ann/, of account two",
    ]  # fmt: skip
    assert "nothing is planned for this person" in rapport("why", "ann", "--account", "two")
    assert "actions: none yet" in rapport("why", "one")


def test_audit_says_the_head_and_fails_on_a_broken_chain(database: Database, rapport: Rapport) -> None:
    assert rapport("audit", "verify") == "0 chains are intact\n"
    greeted_and_waiting(database)
    said = rapport("audit", "verify")
    assert "demo: 6 events, head " in said
    assert said.endswith("1 chain is intact\n")
    with database.transaction() as session:
        session.execute(text("update action_events set actor = 'nobody' where seq = 2"))
    code, out, _ = rapport.code("audit", "verify")
    assert code == 4
    assert "  event 2 was changed" in out
    assert "1 of 1 chains are broken" in out


def test_campaigns_are_listed_with_their_counts(database: Database, rapport: Rapport) -> None:
    assert "no campaigns" in rapport("campaign", "list")
    greeted_and_waiting(database)
    with database.transaction() as session:
        dry = a_campaign(session, an_account(session, "other"))
        session.execute(
            text("""update campaigns set options = '{"dry_run": true}', state = 'planned' where id = :id"""),
            {"id": dry},
        )
    said = rapport("campaign", "list")
    assert "1 done, 1 planned" in said
    assert "dry run" in said
    assert "\tdemo\t" not in rapport("campaign", "list", "--account", "other")


@pytest.mark.parametrize(
    "command", [("account", "list"), ("actions", "list"), ("why", "x"), ("audit", "verify")]
)
def test_a_silent_postgres_is_one_clear_line_without_its_password(
    rapport: Rapport, environment: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    environment.setenv("DATABASE_URL", NOBODY)
    said = rapport.refused(*command, exit_code=3)
    assert "Postgres did not answer" in said
    assert "secret-word" not in said


def test_a_database_without_tables_says_migrate_and_migrate_makes_them(
    rapport: Rapport, environment: pytest.MonkeyPatch, bare_url: str
) -> None:
    environment.setenv("DATABASE_URL", bare_url)
    assert "run `rapport migrate`" in rapport.refused("account", "list")
    assert "up to date" in rapport("migrate")
    assert "name" in rapport("account", "list")


def test_a_role_that_may_not_is_told_so_and_not_to_migrate(
    rapport: Rapport, environment: pytest.MonkeyPatch, servers: Servers, database_url: str
) -> None:
    own = urlsplit(servers.app_url)._replace(path=urlsplit(database_url).path).geturl()
    environment.setenv("DATABASE_URL", own)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"revoke insert on api_keys from {APP}")
        try:
            said = rapport.refused("keys", "add", "crm", "--scope", "read")
        finally:
            owner.execute(f"grant insert on api_keys to {APP}")
    assert said.startswith("the role of DATABASE_URL may not do this")


def test_the_running_stack_is_found_by_its_folder(
    rapport: Rapport, environment: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> None:
    environment.setenv("DATABASE_URL", NOBODY)  # restored at the end, whatever the command sets
    environment.delenv("DATABASE_URL")
    (tmp_path / "environment.json").write_text(f'{{"DATABASE_URL": "{database_url}"}}')
    running = FolderLock(tmp_path)
    running.acquire()
    assert "name" in rapport("account", "list", "--data", str(tmp_path))
    running.release()


def test_flower_and_the_practice_network_start_with_no_less_than_their_keys(rapport: Rapport) -> None:
    assert "needs RAPPORT_FLOWER_AUTH" in rapport.refused("flower")
    assert "needs RAPPORT_SANDBOX_KEY" in rapport.refused("sandbox")


def test_a_new_key_can_be_used(rapport: Rapport, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RAPPORT_SECRET_KEYS", rapport("secrets", "new-key").strip())
    rapport("account", "list")


def test_every_command_helps_strangers(rapport: Rapport) -> None:
    for command in (
        ("why",), ("actions", "show"), ("actions", "list"), ("actions", "review"), ("actions", "settle"),
        ("campaign", "list"), ("campaign", "pause"), ("campaign", "resume"), ("campaign", "cancel"),
        ("account", "pause"), ("account", "resume"), ("contacts", "do-not-contact"), ("audit", "verify"),
        ("stop-everything",), ("resume-everything",), ("quota", "show"), ("quota", "set"),
        ("quota", "warm-up"), ("quota", "reset"), ("quota", "log"), ("summary",), ("campaign", "show"),
        ("import", "v1"), ("account", "add"),
    ):  # fmt: skip
        assert "Usage: rapport" in rapport(*command, "--help")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(reason: Reason) -> None:
    assert "_" not in describe_reason(reason)


def test_a_container_s_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert context.get_terminal_user().startswith("uid")
