"""`rapport notify`: targets, tests, the log; no URL is ever shown."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from api_stub.checks.own_work import check_notices
from db.engine import Database
from db.store.actions.review import approval_links
from db.store.notices import deliveries, targets
from db.store.notices.outbox import record_event
from tests.builders import an_account
from tests.cli.conftest import Rapport
from tests.notices.receivers import Receiver, open_receiver
from worker.notices import child, sender
from worker.rules.notices.deliveries import SendFailure
from worker.rules.notices.kinds import NoticeKind

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
HOOK = "webhook+http://127.0.0.1:9/s3cret?key=s3cret"


@pytest.fixture(autouse=True)
def _keys(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RAPPORT_NOTICE_KEYS", OLD)
    environment.setattr(child, "_ask", lambda request, *_: sender._answer(request))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def shows(rapport: Rapport) -> Callable[..., str]:
    """Runs a command and returns its output, in which there is nothing of the URL."""

    def run(*arguments: str, code: int = 0) -> str:
        ended, out, err = rapport.code(*arguments)
        assert (ended, "s3cret" in out + err) == (code, False)
        return " ".join(out.split())

    return run


def test_a_target_from_adding_to_removing(
    database: Database, rapport: Rapport, shows: Callable[..., str], receiver: Receiver
) -> None:
    with database.transaction() as session:
        an_account(session, "ann")
    url = f"{receiver.url}&token=s3cret"
    said = shows("notify", "add", url, "--name", "hook", "--account", "ann", "--only", "needs_review")
    assert "whsec_" in said
    assert "is not encrypted" in said
    host = receiver.url.partition("://")[2].partition("/")[0]
    assert f"hook webhook+http://{host} ann needs review never 0 ok" in shows("notify", "list")
    assert "whsec_" not in shows("notify", "list", "--json")
    assert shows("notify", "test") == "hook: the server took it"
    assert "test ann hook sent" in shows("notify", "log")
    receiver.statuses = [401]
    assert "refused the user, the password or the token" in shows("notify", "test", "hook", code=4)
    assert "given up" in shows("notify", "log", "hook", "--limit", "1")
    receiver.statuses = [429]
    assert '"failure": "rate_limited"' in shows("notify", "test", "--json", code=4)
    secret = json.loads(rapport("notify", "add", HOOK, "--name", "other", "--json"))["secret"]
    assert secret.startswith("whsec_")
    shows("notify", "remove", "other")
    shows("notify", "pause", "hook")
    assert "paused" in shows("notify", "list")
    shows("notify", "resume", "hook")
    assert "did you mean hook?" in rapport.refused("notify", "remove", "hok")
    shows("notify", "remove", "hook")
    assert "there is no target yet" in shows("notify", "list")


def test_the_url_is_read_from_a_pipe_and_each_target_has_a_name_of_its_own(
    rapport: Rapport, shows: Callable[..., str], environment: pytest.MonkeyPatch
) -> None:
    for expected in ("webhook-http", "webhook-http-2"):
        environment.setattr("sys.stdin", StringIO(f"{HOOK}\n"))
        assert shows("notify", "add").startswith(f"{expected} is added")
    assert "already" in rapport.refused("notify", "add", HOOK, "--name", "webhook-http")
    environment.setattr("sys.stdin", StringIO(""))
    assert "no URL was given" in rapport.refused("notify", "add", "-")
    assert "can't be a target's name" in rapport.refused("notify", "add", HOOK, "--name", "../x")
    assert "--only takes any of" in rapport.refused("notify", "add", HOOK, "--only", "test")
    assert "no account called" in rapport.refused("notify", "add", HOOK, "--account", "nobody")


def test_rotated_urls_need_the_old_key_no_more(
    database: Database, rapport: Rapport, shows: Callable[..., str], environment: pytest.MonkeyPatch
) -> None:
    shows("notify", "add", HOOK, "--name", "hook")
    environment.setenv("RAPPORT_NOTICE_KEYS", f"{NEW},{OLD}")
    assert "1 target of notices is encrypted too" in shows("secrets", "rotate")
    environment.setenv("RAPPORT_NOTICE_KEYS", NEW)
    assert "server could not be reached" in shows("notify", "test", code=4)
    environment.setenv("RAPPORT_NOTICE_KEYS", OLD)
    assert "lacks its key" in shows("notify", "test", code=4)
    assert "target hook: the stored URL can't be decrypted" in shows("secrets", "rotate", code=4)


def test_the_doctor_says_who_is_not_told(database: Database, shows: Callable[..., str]) -> None:
    def check(*, is_running: bool = True, keys: str = OLD) -> tuple[bool, bool, str]:
        found = check_notices(database, is_running=is_running, keys=SecretStr(keys))
        return found.ok, found.is_warning, found.detail

    assert check() == (True, False, "nobody is told anything")
    shows("notify", "add", HOOK, "--name", "hook")
    assert check() == (True, False, "sent to hook")
    with database.transaction() as session:
        record_event(session, NoticeKind.NOBODY_CONSUMES, key="1")
        deliveries.dispatch_events(session)
        session.connection().exec_driver_sql("update outbox_events set at = at - interval '1 hour'")
    assert check() == (False, False, "1 notice waits, and nothing is sent")
    assert check(is_running=False) == (True, False, "sent to hook")
    with database.transaction() as session:
        claim = deliveries.claim_message(session, targets.get_target(session, "hook").id)
        assert claim is not None
        deliveries.record_failure(session, claim, SendFailure.TIMEOUT, may_have_arrived=True, chance=0)
    assert check() == (True, True, "hook: the server took too long to answer")
    assert check(keys=NEW)[::2] == (False, "no key decrypts the URL of hook")
    assert check(keys="none")[::2] == (False, "no Fernet keys")


def test_links_to_approve_with_are_listed_and_revoked(
    database: Database, rapport: Rapport, shows: Callable[..., str]
) -> None:
    assert shows("notify", "links") == "no digest held a link to approve with"
    tokens = {}
    with database.transaction() as session:
        account = an_account(session, "ann")
        for name in ("mail", "phone", "used"):
            link = approval_links.new_link(
                account_id=account.id, target=name, seen={uuid4(): "0" * 64}, public_url="https://x"
            )
            approval_links.store_links(session, [link])
            tokens[name] = link.url.rpartition("/")[2]
        used = approval_links.find_link(session, tokens["used"], lock=True)
        assert used is not None
        approval_links.approve(session, used, [])
    listed = shows("notify", "links")
    assert not any(token in listed for token in tokens.values())
    assert listed.count("open until") == 2
    assert "1 link is revoked" in shows("notify", "links", "mail", "--revoke")
    rapport("notify", "add", HOOK, "--name", "phone")
    shows("notify", "remove", "phone")
    found = {each["target"]: each["state"] for each in json.loads(rapport("notify", "links", "--json"))}
    assert found == {"mail": "revoked", "phone": "revoked", "used": "used"}
    assert "0 links are revoked" in shows("notify", "links", "--revoke")
