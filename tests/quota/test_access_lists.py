"""A Redis with access lists: the quota works under the least user, and what is missing is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api_stub.checks import servers as server_checks
from api_stub.http.routes.health import check_redis
from db.engine import Database
from db.store.people.accounts import AccountRecord
from tasks.quota import Quota
from tests.cluster import documented_rights
from tests.own_redis import PASSWORD, RedisProcess, own_redis, watched_redis
from tests.quota.helpers import LEASE, a_context, install_state
from worker import metrics, queues
from worker.quota import redis_quota
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.model import Verdict
from worker.servers import redis_address, redis_permissions
from worker.servers.redis_address import RedisAddress
from worker.settings import Settings

NOT_NEEDED = "+client|setinfo"
"""redis-py tells the server its own name with it, and ignores a refusal. It is on the page only to keep the
server's log of refusals (`ACL LOG`) empty. Doctor doesn't try it, because no Redis before 7.2 knows it."""


def set_user(server: RedisProcess, name: str, *rights: str) -> RedisAddress:
    with server.client() as admin:
        admin.execute_command("ACL", "SETUSER", name, "reset", "on", f">{PASSWORD}", *rights)
    return redis_address.parse(f"redis://{name}:{PASSWORD}@127.0.0.1:{server.port}/0")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with own_redis(tmp_path_factory.mktemp("acl"), "appendonly yes\nappendfsync always") as server:
        yield server


USERS = {"without-dangerous": ("~*", "&*", "+@all", "-@dangerous"), "least": tuple(documented_rights())}


@pytest.fixture(params=USERS)
def address(server: RedisProcess, request: pytest.FixtureRequest) -> RedisAddress:
    return set_user(server, "rapport", *USERS[request.param])


def missing(address: RedisAddress) -> list[str]:
    with queues.connect(address) as client:
        return redis_permissions.find_missing(client)


def test_the_quota_decides_in_redis_without_info(
    server: RedisProcess, address: RedisAddress, database: Database, account: AccountRecord
) -> None:
    assert missing(address) == []
    before = metrics.QUOTA_FALLBACK._value.get()
    quota = Quota(database, RedisQuota(redis_quota.connect(address)), lease=LEASE)
    grant = quota.reserve(account.id, Kind.GREET, "", "a")
    assert grant.decision.verdict is Verdict.GRANTED
    assert not grant.by_fallback
    other = RedisQuota(redis_quota.connect(address))  # another connection agrees about the server's identity
    assert other.remaining(grant.context).verdict is Verdict.REMAINING
    assert metrics.QUOTA_FALLBACK._value.get() == before
    with server.client() as admin:
        assert {entry["object"] for entry in admin.acl_log()} <= {"info"}
        admin.acl_log_reset()


def test_a_restart_is_cold_without_info_even_with_its_data(server: RedisProcess) -> None:
    def ask() -> RedisQuota:
        return RedisQuota(redis_quota.connect(set_user(server, "rapport", *USERS["least"])))

    context = install_state(ask(), a_context())
    assert ask().reserve(context, "a", lease=LEASE).verdict is Verdict.GRANTED
    server.stop()
    server.start()
    with server.client() as admin:
        assert admin.keys("rapport:quota:{*:state")  # the counters themselves are back
    assert ask().remaining(context).verdict is Verdict.COLD


def test_another_server_is_cold_without_info(tmp_path: Path) -> None:
    with watched_redis(tmp_path) as servers:
        first = set_user(servers.master, "rapport", *USERS["least"])
        context = install_state(RedisQuota(redis_quota.connect(first)), a_context())
        servers.fail_over()
        second = set_user(servers.replica, "rapport", *USERS["least"])
        assert RedisQuota(redis_quota.connect(second)).remaining(context).verdict is Verdict.COLD


@pytest.mark.parametrize("right", [r for r in documented_rights() if r[0] == "+" and r != NOT_NEEDED])
def test_each_right_of_the_page_is_needed_and_named_if_it_is_missing(
    server: RedisProcess, right: str
) -> None:
    rights = [each for each in documented_rights() if each != right]
    command = right.removeprefix("+").replace("|", " ").upper()
    assert any(named.startswith(command) for named in missing(set_user(server, "rapport", *rights)))


def test_without_the_one_right_that_is_not_needed_nothing_is_missing(server: RedisProcess) -> None:
    rights = [each for each in documented_rights() if each != NOT_NEEDED]
    assert len(rights) == len(documented_rights()) - 1
    assert missing(set_user(server, "rapport", *rights)) == []


@pytest.mark.parametrize("pattern", [right for right in documented_rights() if right[0] in "~&"])
def test_each_pattern_of_the_page_is_needed_and_named_if_it_is_missing(
    server: RedisProcess, pattern: str
) -> None:
    rights = [each for each in documented_rights() if each != pattern]
    begin = pattern.strip("~&*").rstrip("*")
    assert any(begin in named for named in missing(set_user(server, "rapport", *rights)))


def test_readiness_and_doctor_name_what_is_missing(server: RedisProcess) -> None:
    address = set_user(server, "rapport", "~*", "resetchannels", "&/0.*", "+@all", "-@dangerous", "-hset")
    settings = Settings(REDIS_URL=SecretStr(f"redis://rapport:{PASSWORD}@127.0.0.1:{server.port}/0"))
    check = check_redis(settings)
    finding = server_checks.check_redis(address)
    assert not check.ok
    assert not finding.ok
    for text in (check.detail, finding.detail):
        assert "HSET unacked" in text
        assert "PSUBSCRIBE /0.celeryev/*" in text
        assert PASSWORD not in text


def test_trying_what_is_allowed_changes_nothing(server: RedisProcess) -> None:
    with server.client() as admin:
        admin.flushall()
        admin.lpush("control", "a message")
        assert redis_permissions.find_missing(admin) == []
        assert admin.keys("*") == ["control"]
        assert admin.llen("control") == 1
    assert missing(set_user(server, "rapport", "~*", "&*", "+@all", "-multi")) == ["MULTI"]
    with server.client() as admin:
        assert admin.llen("control") == 1


def test_an_old_server_that_forbids_info_gives_no_answer(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.quota.server_run._FIRST_VOLATILE_VERSION", 99)
    quota = RedisQuota(redis_quota.connect(set_user(server, "rapport", *USERS["least"])))
    with pytest.raises(QuotaUnavailableError, match="INFO is forbidden"):
        quota.remaining(a_context())
