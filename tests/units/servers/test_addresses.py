"""Addresses are parsed strictly, once for every client, and an error quotes no part of them."""

import ssl
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.url import parse_url as as_kombu_reads_it
from redis.connection import parse_url as as_redis_reads_it
from sqlalchemy import make_url

from tests.tls import certificate
from worker.errors import ConfigurationError
from worker.servers import postgres_address, redis_address
from worker.servers.redis_clients import client_options, sentinel_options
from worker.servers.server_address import parse_address
from worker.settings import Settings, get_settings

PASSWORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)

GOOD_REDIS = {
    "redis://h": ("h", 6379, 0, None, None),
    "redis://h/": ("h", 6379, 0, None, None),
    "redis://h:1/2": ("h", 1, 2, None, None),
    "REDIS://h.example.org:1/0": ("h.example.org", 1, 0, None, None),
    "redis://:p%40%2F%3A%25w@10.0.0.1:65535/15": ("10.0.0.1", 65535, 15, None, "p@/:%w"),
    "redis://me%40home:a:b@h": ("h", 6379, 0, "me@home", "a:b"),
    "redis://:pw@[::1]:6379/0": ("::1", 6379, 0, None, "pw"),
}

WRONG_REDIS = {
    "c4nary": "must look like redis://",
    "c4nary://h": "must look like redis://",
    "redis:/:c4nary@h": "must look like redis://",
    "http://:c4nary@h": "must look like redis://",
    "unix://:c4nary@host/run/redis.sock": "names no socket",
    "unix://": "names no socket",
    "unix:///": "names no socket",
    "unix:///run/redis.sock?db=c4nary": "database",
    "unix:///run/redis.sock?db=1&virtual_host=1": "both db and virtual_host",
    "unix:///run/redis.sock?ssl_cert_reqs=none": "the parameter ssl_cert_reqs, which is not known",
    "unix:///run/redis.sock?socket_timeout=1": "the parameter socket_timeout, which is not known",
    "unix://:c4n@ry@/run/redis.sock": "%40",
    "unix://me@/run/redis.sock": "no password",
    "sentinel://:c4nary@h:26379": "names no service",
    "sentinel://:c4nary@h:26379/0": "names no service",
    "sentinel://:c4nary@h:26379,/main/0": "names no host",
    "sentinel://:c4nary@,h:26379/main/0": "names no host",
    "sentinel://:c4nary@h:1;sentinel://i:2/main/0": "port",
    "sentinel://:c4nary@/main/0": "names no host",
    "sentinel://h/main/c4nary": "database",
    "sentinel://h/main/0/1": "database",
    "sentinel://h/main/0?sentinel_user=c4nary": "without its sentinel_password",
    "sentinel://h/main/0?master_name=c4nary": "the parameter master_name, which is not known",
    "sentinel://h/main/0?ssl_ca_certs=/c4nary": "begins with rediss",
    "rediss+sentinel://h/main/0?ssl_cert_reqs=none": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss+sentinel://h/main/0?ssl_ca_certs=/c4nary": "ssl_ca_certs",
    "redis://": "names no host",
    "redis:///0": "names no host",
    "redis://:c4nary@": "names no host",
    "redis://:c4nary@:6379/0": "names no host",
    "redis://:c4n@ry@h/0": "%40",
    "redis://:c4n/ary@h/0": "%2F",
    "redis://:c4n?ary@h/0": "%3F",
    "redis://:c4n#ary@h/0": "%23",
    "redis://:c4nary@h/0#c4nary": "%23",
    "redis://:c4n%ary@h/0": "%25",
    "redis://:c4n ary@h/0": "space",
    "redis://:c4nary@h/0\n": "line break",
    "redis://c4nary@h/0": "no password",
    "redis://me:@h/0": "no password",
    "redis://:@h/0": "no password",
    "redis://h:c4nary": "port",
    "redis://:pw@h:c4nary/0": "port",
    "redis://h:0": "port",
    "redis://h:65536": "port",
    "redis://h:": "port",
    "redis://h:-1": "port",
    "redis://h:١٢": "port",
    "redis://h,c4nary:1/0": "host",
    "redis://h:1;redis://c4nary:2": "port",
    "redis://[c4nary]/0": "host",
    "redis://[:::1]/0": "host",
    "redis://[fe80::1%25eth0]/0": "host",
    "redis://c4nary..example/0": "host",
    f"redis://{'c4nary' * 11}/0": "host",
    "redis://h%2Fc4nary/0": "host",
    "redis://h\\c4nary/0": "host",
    "redis://h/c4nary": "database",
    "redis://h/-1": "database",
    "redis://h/0/1": "database",
    "redis://h/²": "database",
    "redis://:c4n%00ary@h/0": "zero byte",
    "redis://h/0?db=1": "these parameters only",
    "redis://h/0?virtual_host=c4nary": "these parameters only",
    "redis://h/0?socket_timeout=1": "these parameters only",
    "rediss://h/0?c4nary=1": "these parameters only",
    "rediss://h/0?ssl_ca_data=c4nary": "these parameters only",
    "redis://h/0?ssl_cert_reqs=required": "rediss://",
    "redis://h/0?health_check_interval=1": "the parameter health_check_interval, which is not known",
    "rediss://h/0?c4nary": "without a name or a value",
    "rediss://h/0?ssl_ca_certs=": "without a name or a value",
    "rediss://h/0?ssl_cert_reqs=required&ssl_cert_reqs=none": "twice",
    "rediss://h/0?ssl_cert_reqs=c4nary": "unknown ssl_cert_reqs",
    "rediss://h/0?ssl_check_hostname=c4nary": "unknown ssl_check_hostname",
    "rediss://h/0?ssl_cert_reqs=none": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_cert_reqs=None": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_cert_reqs=optional": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_cert_reqs=CERT_NONE": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_cert_reqs=CERT_OPTIONAL": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_check_hostname=False": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_check_hostname=no": "RAPPORT_REDIS_TLS_UNVERIFIED",
    "rediss://h/0?ssl_ca_certs=/c4nary": "ssl_ca_certs",
    "rediss://h/0?ssl_ca_certs=/dev/null": "ssl_ca_certs",
    "rediss://h/0?ssl_ca_certs=%00c4nary": "zero byte",
    "rediss://h/0?ssl_certfile=/c4nary": "ssl_certfile",
    "rediss://h/0?ssl_keyfile=/c4nary": "without its ssl_certfile",
}

GOOD_POSTGRES = (
    "postgresql+psycopg2://u:p@h/x",
    "postgresql+asyncpg://u:p@h/x",
    "postgres+psycopg://u:p@h/x?sslmode=require",
    "postgresql://u:p@h1:5432,h2:5433/x?target_session_attrs=read-write",
    "postgresql://u:p@h1,h2/x?target_session_attrs=primary&load_balance_hosts=random",
    "postgresql://u:p@/x?host=h1,h2&port=5432,5433",
    "postgresql:///x?host=/var/run/postgresql&port=5433&user=u",
    "postgresql://u:p@h/x?sslmode=verify-full&sslrootcert=system",
    "host=h user=u dbname=x",
    "host=h1,h2 port=5432 user=u password='p  \\\\ \\' =@/' dbname = x",
    "hostaddr=10.0.0.1 user=u dbname=x",
    "host=/var/run/postgresql dbname=x",
    "postgresql://u:p@h/x",
    "postgres://u:p@h:5432/x",
    "postgresql+psycopg://u@h/x",
    "postgresql://u:p%40%2F%23@h/x?sslmode=verify-full&sslrootcert=system&connect_timeout=5",
    "postgresql://u@/x?host=/var/run/postgresql",
    "postgresql://u:p@[::1]:5432/x",
)

WRONG_POSTGRES = {
    "c4nary": "must look like postgresql://",
    "mysql://u:c4nary@h/x": "must look like postgresql://",
    "postgresql+pg8000://u:c4nary@h/x": "must look like postgresql://",
    "jdbc:postgresql://h/x?password=c4nary": "must look like postgresql://",
    "host=h password='c4nary": "can't be read",
    "host=h password=c4nary x": "can't be read",
    "password=c4nary dbname=x": "names no host",
    "host=h pooling=1 password=c4nary": "the parameter pooling, which Postgres' client does not know",
    "host=h password=c4nary\ndbname=x": "line break",
    "host=h,,c4nary dbname=x": "empty host",
    "host=c4nary/x dbname=x": "slash",
    "host=h1,h2 port=1,2,3 dbname=x": "number of ports",
    "host=h port=c4nary": "port",
    "host=h service=c4nary": "the parameter service, but Rapport reads no service file",
    "host=h replication=database": "the parameter replication",
    "host=h options='-c search_path=c4nary'": "Rapport sets itself",
    "host=h passfile=/c4nary": "passfile",
    "host=h sslrootcert=/c4nary": "sslrootcert",
    "host=h sslmode=verify-full": "without sslrootcert",
    "host=h sslmode=require sslrootcert=system": "needs sslmode=verify-full",
    "host=h connect_timeout=c4nary": "connect_timeout",
    "host=h target_session_attrs=standby": "target_session_attrs",
    "host=h target_session_attrs=c4nary": "target_session_attrs",
    "postgresql://u:pw@h1,h2:c4nary/x": "port",
    "postgresql://u:pw@h1,/x": "names no host",
    "postgresql://u:pw@h/x?target_session_attrs=prefer-standby": "target_session_attrs",
    "postgresql://u:pw@h/x?service=c4nary": "service file",
    "postgresql:///x": "names no host",
    "postgresql://u:c4n@ry@h/x": "%40",
    "postgresql://u:c4n/ary@h/x": "%2F",
    "postgresql://u:c4n#ary@h/x": "%23",
    "postgresql://u:c4n?ary@h/x": "%3F",
    "postgresql://u:c4n%ary@h/x": "%25",
    "postgresql://u:c4n ary@h/x": "space",
    "postgresql://u:c4nary@/x": "names no host",
    "postgresql://": "names no host",
    "postgresql://u:pw@h:c4nary/x": "port",
    "postgresql://h:c4nary": "port",
    "postgresql://u:pw@h:99999/x": "port",
    "postgresql://u:pw@h/x?c4nary=1": "does not know",
    "postgresql://u:pw@h/x?pgbouncer=true": "the parameter pgbouncer, which Postgres' client does not know",
    "postgresql://u:pw@h/x?password=c4nary": "belongs before the ?",
    "postgresql://u:pw@h/x?port=c4nary": "belongs before the ?",
    "postgresql://u:pw@h/x?host=c4nary": "belongs before the ?",
    "postgresql://u:c4n%00ary@h/x": "zero byte",
    "postgresql://u:pw@h/x?sslmode=c4nary": "unknown sslmode",
    "postgresql://u:pw@h/x?sslmode=require&sslmode=disable": "twice",
    "postgresql://u:pw@h/x?options=-csearch_path%3Dc4nary": "Rapport sets itself",
}


def refusal(environment: pytest.MonkeyPatch, name: str, url: str) -> str:
    """Return a process's error for this address, which must be one line and quote nothing of it."""
    environment.setenv(name, url)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError) as refused:
        get_settings()
    get_settings.cache_clear()
    said = str(refused.value)
    assert said.startswith(f"wrong settings: {name}: ")
    assert "\n" not in said
    assert not any(part in said for part in ("c4n", "nary", "ary"))
    assert refused.value.__cause__ is refused.value.__context__ is None
    return said


@pytest.mark.parametrize(("url", "advice"), WRONG_REDIS.items())
def test_a_wrong_redis_url_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, url: str, advice: str
) -> None:
    assert advice in refusal(environment, "REDIS_URL", url)


@pytest.mark.parametrize(("url", "advice"), WRONG_POSTGRES.items())
def test_a_wrong_database_url_is_refused_in_one_line(
    environment: pytest.MonkeyPatch, url: str, advice: str
) -> None:
    assert advice in refusal(environment, "DATABASE_URL", url)


@pytest.mark.parametrize(("url", "parts"), GOOD_REDIS.items())
def test_a_redis_url_is_read_whole(url: str, parts: tuple[object, ...]) -> None:
    read = redis_address.parse(url)
    assert (read.host, read.port, read.db, read.user, read.password) == parts
    assert read.broker_settings()["broker_use_ssl"] is False
    assert "ssl" not in client_options(read)
    assert not read.password or read.password not in repr(read)


def test_no_address_shows_its_password() -> None:
    read = parse_address("http://me:c4nary@h/?p=c4nary", schemes=["http"], example="")
    assert read.password == read.query["p"] == "c4nary"
    assert "c4nary" not in repr(read)


SENTINELS = "hosta:1,hostb/main/2?sentinel_user=s%40&sentinel_password=p%2F"


def test_sentinels_are_read_whole() -> None:
    read = redis_address.parse(f"redis+sentinel://me:pw@{SENTINELS}")
    assert (read.hosts, read.db, read.user, read.password) == (
        (("hosta", 1), ("hostb", 26379)), 2, "me", "pw",
    )  # fmt: skip
    assert read.sentinels == redis_address.Sentinels("main", "s@", "p/")
    assert read.tls is None
    with_tls = redis_address.parse(f"rediss+sentinel://me:pw@{SENTINELS}")
    assert with_tls.tls == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    asked = sentinel_options(with_tls)
    assert asked.items() >= {"username": "s@", "password": "p/", "ssl": True, **with_tls.tls}.items()
    assert client_options(with_tls).items() >= {"password": "pw", "ssl": True, **with_tls.tls}.items()


@pytest.mark.parametrize(
    "url", ["unix://me:pw@/run/a%20b.sock?db=2", "redis+socket://me:pw@/run/a%20b.sock?virtual_host=2"]
)
def test_a_unix_socket_is_read_whole_in_both_spellings(url: str) -> None:
    read = redis_address.parse(url)
    assert (read.socket, read.db, read.user, read.password) == ("/run/a b.sock", 2, "me", "pw")


@pytest.mark.parametrize("name", ["passfile", "sslkey"])
def test_a_private_file_that_others_can_read_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "file"
    file.touch(mode=0o600)
    postgres_address.check(f"host=h {name}={file}")
    file.chmod(0o644)
    assert name in refusal(environment, "DATABASE_URL", f"host=h {name}={file}")


@pytest.mark.parametrize("url", GOOD_POSTGRES)
def test_the_usual_spellings_of_a_database_url_are_taken(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("DATABASE_URL", url)
    assert Settings().required("database_url").get_secret_value() == url


@given(user=PASSWORDS, password=PASSWORDS, db=st.integers(0, 99))
def test_both_clients_see_what_was_meant(user: str, password: str, db: int) -> None:
    url = f"redis://{quote(user, safe='')}:{quote(password, safe='')}@h:7/{db}"
    read = redis_address.parse(url)
    meant = ("h", 7, db, user, password)
    assert (read.host, read.port, read.db, read.user, read.password) == meant
    theirs = as_redis_reads_it(url)  # type: ignore[no-untyped-call]  # untyped there
    assert tuple(theirs[name] for name in ("host", "port", "db", "username", "password")) == meant
    kombus = as_kombu_reads_it(read.broker_settings()["broker_url"])
    assert (
        kombus["hostname"], kombus["port"], int(kombus["virtual_host"]), kombus["userid"], kombus["password"]
    ) == meant  # fmt: skip
    postgres = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@h:7/x"
    postgres_address.check(postgres)
    assert (make_url(postgres).username, make_url(postgres).password) == (user, password)


@given(PASSWORDS)
def test_a_password_that_nobody_encoded_is_read_right_or_refused(password: str) -> None:
    meant = unquote(password)
    with suppress(ValueError):
        assert redis_address.parse(f"redis://me:{password}@h:7/0").password == meant
    url = f"postgresql://me:{password}@h:7/0"
    with suppress(ValueError):
        postgres_address.check(url)
        assert make_url(url).password == meant


def test_tls_verifies_by_default_and_every_spelling_of_that_is_taken(tmp_path: Path) -> None:
    own = certificate(tmp_path, "own", for_loopback=True)
    verified = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    for query in ("", "?ssl_cert_reqs=required", "?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true"):
        read = redis_address.parse(f"rediss://:pw@h/0{query}")
        assert read.tls == verified
        assert read.broker_settings() == {"broker_url": "rediss://:pw@h:6379/0", "broker_use_ssl": verified}
        assert client_options(read).items() >= {"ssl": True, **verified}.items()
    files = {"ssl_ca_certs": str(own.file), "ssl_certfile": str(own.file), "ssl_keyfile": str(own.key)}
    query = "&".join(f"{name}={quote(value)}" for name, value in files.items())
    assert redis_address.parse(f"rediss://h/0?{query}").tls == {**verified, **files}


def test_one_setting_in_words_lets_an_address_trust_anybody(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "rediss://:pw@h/0?ssl_cert_reqs=none")
    environment.setenv("RAPPORT_REDIS_TLS_UNVERIFIED", "true")
    with pytest.raises(ConfigurationError, match="RAPPORT_REDIS_TLS_UNVERIFIED"):
        get_settings()
    environment.setenv("RAPPORT_REDIS_TLS_UNVERIFIED", "i-know-what-this-risks")
    assert Settings().redis.tls == {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}
