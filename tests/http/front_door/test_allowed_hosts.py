"""Which hosts a request may be for."""

import pytest

from api_stub.http.access.allowed_hosts import AllowedHosts
from api_stub.http.limits.request_limits import RequestRejected
from tests.http.conftest import Front
from tests.http.front_door.test_front_door import problem
from worker.servers.server_address import check_hosts
from worker.settings import Settings

PUBLIC = "https://rapport.example.org/app"


def is_allowed(host: str, *, listed: str | None = None, public: str | None = None) -> bool:
    hosts = AllowedHosts(Settings.model_construct(allowed_hosts=listed, public_url=public))
    try:
        hosts.check({"type": "http", "headers": [(b"host", host.encode())]})
    except RequestRejected:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "listed", "public"),
    [
        ("rapport.example.org", False, True), ("RAPPORT.example.org.:443", False, True),
        ("api.internal:8000", True, False), ("api:8000", False, True), ("10.1.2.3:8000", False, True),
        ("[2001:db8::1]:8000", False, True), ("localhost:8000", True, True), ("127.0.0.1", True, True),
        ("[::1]:8000", True, True), ("evil.example", False, False), ("", False, False),
        ("rapport.example.org.evil.example", False, False),
        ("evil.example:rapport.example.org", False, False),
        ("rapport.example.org@evil.example", False, False),
    ],
)  # fmt: skip
def test_a_host_is_listed_or_else_the_public_one_or_no_public_name(
    host: str, listed: bool, public: bool
) -> None:
    assert is_allowed(host, listed="api.internal, other.example") is listed
    assert is_allowed(host, public=PUBLIC) is public
    assert is_allowed(host)


@pytest.mark.parametrize(
    "given", ["", "https://a.example", "a.example:443", "*", "a b", "a.example,", "[::g]"]
)
def test_what_is_no_list_of_hosts_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="without ports"):
        check_hosts(given)


def test_a_request_for_another_host_is_refused_unless_it_asks_for_health(front: Front) -> None:
    client = front(allowed_hosts="testserver")
    other = {"Host": "evil.example"}
    for path in ("/data/actions", "/docs", "/", "/metrics"):
        assert "RAPPORT_ALLOWED_HOSTS" in problem(client.get(path, headers=other), 421)
    assert client.get("/health", headers=other).status_code == 200
    assert client.get("/ready", headers=other).status_code == 503, "no workers"
    assert client.get("/data/actions").status_code == 200
