"""The console's pages on the server: with 100 000 contacts and a million interactions, against a thousand.

`./run bench console` starts a Postgres, fills it with one account's contacts and ten greetings of each,
one a year, then asks the real application for each page, in this process. It also prints what the first
visit brings over the wire: the page and its files, compressed. `--quick` only shows that it works.
"""

import re
import secrets
import statistics
import time
from collections.abc import Iterator

from alembic import command
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy import text

from api_stub.http.app import create_app
from api_stub.stack.environment import set_environment, settings_environment
from api_stub.stack.servers.redis import Redis
from bench.command import Given, run_bench
from bench.pages.in_process import TestClient
from bench.report import Row
from bench.system.servers import open_database, run_postgres
from db import migrate
from db.engine import Database
from db.store.console import links, users
from worker import logs
from worker.collector import importing
from worker.rules.console.users import Language, Role
from worker.settings import Settings

REQUESTS = 30
PAGES = (
    "/", "/review", "/people", "/people?q=person+77", "/people/77", "/campaigns", "/schedules", "/templates",
    "/searches", "/quota", "/calendar", "/imports", "/doubts", "/setup", "/ops",
)  # fmt: skip
ADD_SOMEBODY = """
insert into contacts (account_id, profile_url, full_name)
    values (1, 'https://sandbox.test/in/' || gen_random_uuid() || '/', 'Somebody New')
"""
AFTER_A_COMMIT = "/, after a commit"
"""The first page remembers what it read until something changes."""
FILL = """
set local session_replication_role = replica;
insert into accounts (name, site, time_zone, session, session_proven_at)
    values ('demo', 'sandbox', 'UTC', '\\x00', now());
insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), 1, 'birthday', '{}', 'planned', 'bench' from generate_series(1, 1000);
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, profile)
    select 1, 'https://sandbox.test/in/p' || n || '/', 'Person ' || n || ' Dupont', d.month, d.day,
           jsonb_build_object('company', 'Company ' || n % 500)
    from generate_series(1, :contacts) n
    cross join lateral (
        select extract(month from day)::int as month, extract(day from day)::int as day
        from (select date '2001-01-01' + n % 365 as day) days
    ) d;
create temp table many on commit drop as
    select gen_random_uuid() as id, 1 + n % :contacts as contact_id, n,
           case when n > 10 * :contacts - 105 then now() - (10 * :contacts - n) * interval '96 minutes'
                else now() - interval '7 days' - (10 * :contacts - n) * interval '10 years' / (10 * :contacts)
           end as at  -- in the last week 15 a day, as the limits allow
    from generate_series(1, 10 * :contacts) n;
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     not_before, created_at, acting_since, acting_attempt, correlation_id)
    select m.id, 1, m.contact_id, (select id from campaigns limit 1), 'greet', 'o' || m.n, m.at, 'Hi!',
           'done', m.at, m.at, m.at, 1, 'bench'
    from many m;
insert into action_events (account_id, seq, action_id, at, from_state, to_state, reason, attempt, actor,
                           correlation_id, hash)
    select 1, n, id, at, 'acting', 'done', null, 1, 'bench', 'bench', '' from many;
insert into audit_heads (account_id, seq, hash) select 1, max(n), '' from many;
insert into interactions (account_id, contact_id, action_id, type, status, occasion, message, created_at,
                          correlation_id)
    select 1, m.contact_id, m.id, 'greet', 'proven', 'o' || m.n, 'Hi!', m.at, 'bench' from many m;
-- today: some wait for a person, some for their time
update actions set not_before = now(), state = case when o.place < 15 then 'proposed' else 'planned' end,
    reason = case when o.place < 15 then 'awaiting_approval' else 'gap' end
from (select id, row_number() over (order by n desc) as place from many) o
where o.id = actions.id and place < 30;
"""


def fill(database: Database, contacts: int) -> None:
    """Fill the database before the revisions that count, which then count what is there."""
    config = migrate._config()  # noqa: SLF001 -- to go back before one revision
    migrate.upgrade_schema(database.engine)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0021")
    with database.transaction() as session:
        session.execute(text("set local statement_timeout = 0"))
        for statement in FILL.split(";\n"):
            if statement.strip():
                session.execute(text(statement), {"contacts": contacts} if ":contacts" in statement else {})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze"))
    migrate.upgrade_schema(database.engine)


def create_application(database_url: str, redis_url: str) -> FastAPI:
    """Create the real application with this process's settings of the two servers."""
    given = {
        "database_url": database_url, "redis_url": redis_url, "api_key": secrets.token_hex(24),
        "console_keys": Fernet.generate_key().decode(), "secret_keys": Fernet.generate_key().decode(),
        "log_level": "WARNING",
    }  # fmt: skip
    set_environment(settings_environment(given))
    settings = Settings()
    logs.configure(settings)
    with importing():  # as its process does
        return create_app(settings)


def sign_in(database: Database, client: TestClient) -> None:
    """Sign the client in as an owner, with a one-time link."""
    with database.transaction() as session:
        user = users.add_user(session, "bench", Role.OWNER, language=Language.ENGLISH, by="bench")
        token = links.make_link(session, user.id, by="bench")
    assert client.get(f"/enter/{token}").status_code == 200


def time_pages(database: Database, database_url: str, redis_url: str) -> tuple[dict[str, list[float]], int]:
    """Return the seconds of each request for each page, and the bytes of the first visit over the wire."""
    times: dict[str, list[float]] = {}
    with TestClient(create_application(database_url, redis_url)) as client:
        sign_in(database, client)
        first_visit = measure_first_visit(client)
        for path in PAGES:
            assert client.get(path).status_code == 200, path
            times[path] = [time_request(client, path) for _ in range(REQUESTS)]
        times[AFTER_A_COMMIT] = []
        for _ in range(REQUESTS):
            with database.transaction() as session:
                session.execute(text(ADD_SOMEBODY))
            times[AFTER_A_COMMIT].append(time_request(client, "/"))
    return times, first_visit


def time_request(client: TestClient, path: str) -> float:
    """Return the seconds that a page takes."""
    began = time.perf_counter()
    client.get(path)
    return time.perf_counter() - began


def measure_first_visit(client: TestClient) -> int:
    """Return the bytes of the first page and of the files that it loads, as they are sent."""
    page = client.get("/")
    files = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
    assert len(files) == 4
    return sum(count_bytes(client, path) for path in ("/", *files))


def count_bytes(client: TestClient, path: str) -> int:
    """Return the bytes of an answer's body, compressed if it was."""
    with client.stream("GET", path) as answer:
        return sum(map(len, answer.iter_raw()))


def measure_all(given: Given) -> Iterator[Row]:
    """Time the pages with few and with many contacts."""
    few, many = given.pick(quick=(100, 300), usual=(1_000, 100_000))
    measured: dict[int, dict[str, list[float]]] = {}
    with run_postgres(given.folder / "postgres") as postgres, Redis(given.folder / "redis") as redis:
        for size in (few, many):
            given.say(f"{size:,} contacts")
            address = postgres.create_database(f"of_{size}")
            with open_database(address) as database:
                fill(database, size)
                measured[size], first_visit = time_pages(database, address, redis.url)
    yield Row("the first visit over the wire", f"{first_visit / 1e3:.1f} kB", "", "", "< 60 kB")
    for path in (*PAGES, AFTER_A_COMMIT):
        at_many, at_few = (statistics.median(measured[size][path]) for size in (many, few))
        most = f"at most {max(measured[many][path]) * 1e3:.0f} ms"
        yield Row(
            path, f"{at_many * 1e3:.0f} ms, {most}", f"{at_few * 1e3:.0f} ms", f"{at_many / at_few:.1f}",
            "< 100 ms",
        )  # fmt: skip


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
