"""The Redis and the Sentinel of docs/deployment.md, for several machines, with TLS and access lists."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from api_stub.stack.servers.ports import find_free_port
from tests.cluster import documented_rights, wait_for
from tests.own_redis import DEBIAN_REDIS
from tests.tls import Certificate, certificate
from worker import queues
from worker.servers import redis_address, redis_permissions

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()


def read_example(name: str) -> str:
    found = re.search(rf"^```\n# {re.escape(name)}\b[^\n]*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, name
    return found[1]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a master that a Sentinel watches, both as the page has them, on loopback."""
    if DEBIAN_REDIS is None:
        pytest.skip("Debian's redis-server, which has TLS, is not installed")
    made = certificate(tmp_path, "all", for_loopback=True)
    ports = {"6380": str(find_free_port()), "26380": str(find_free_port())}
    rights = [
        each for each in documented_rights() if each != "+client|setinfo"
    ]  # new in 7.2, as the page says
    users = read_example("users.acl") + f"user rapport on >PASSWORD {' '.join(rights)}\n"
    (tmp_path / "users.acl").write_text(users)
    with ExitStack() as running:
        for name, mode in (("redis.conf", []), ("sentinel.conf", ["--sentinel"])):
            folder = tmp_path / name.partition(".")[0]
            folder.mkdir()
            file = folder / name
            file.write_text(localise(read_example(name), made, ports, tmp_path) + f'dir "{folder}"\n')
            server = running.enter_context(
                subprocess.Popen([DEBIAN_REDIS, str(file), *mode], stdout=subprocess.DEVNULL)
            )
            running.callback(server.kill)
        query = f"sentinel_password=OTHER&ssl_ca_certs={made.file}"
        yield f"rediss+sentinel://rapport:PASSWORD@127.0.0.1:{ports['26380']}/mymaster/0?{query}"


def localise(text: str, made: Certificate, ports: dict[str, str], folder: Path) -> str:
    """Put this machine's files, ports and names in the places of the page's."""
    text = re.sub(r"/etc/redis/\w+\.pem", str(made.file), text)
    text = re.sub(r"/etc/redis/\w+\.key", str(made.key), text)
    text = text.replace("/etc/redis/users.acl", str(folder / "users.acl"))
    text = text.replace("redis-1.example.org", "127.0.0.1")
    return re.sub(r"\b(6380|26380)\b", lambda found: ports[found[1]], text) + "bind 127.0.0.1\n"


def test_the_documented_servers_let_rapport_work_over_tls_and_nobody_without_it(url: str) -> None:
    def missing() -> object:
        with suppress(redis.RedisError), queues.connect(redis_address.parse(url)) as client:
            return redis_permissions.find_missing(client)
        return None

    wait_for("Redis behind its Sentinel", lambda: missing() is not None)
    assert missing() == []
    with queues.connect(redis_address.parse(url)) as client:
        assert client.set("rapport:test", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.config_get("requirepass")
    port = int(url.partition("127.0.0.1:")[2].partition("/")[0])
    with redis.Redis(port=port, socket_timeout=5) as plain, pytest.raises(redis.RedisError):
        plain.ping()
