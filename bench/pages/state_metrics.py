"""One scrape of the state in Postgres: with many actions and interactions, against ten thousand.

`./run bench state_metrics` starts a Postgres, fills it with the actions that fifty accounts did in five
years, each with its five events, and with 250 open ones of each account. It times the migration that adds up
the totals, then `read_state`. `--quick` only shows that it works.
"""

import statistics
import time
from collections.abc import Iterator

import psutil
from alembic import command
from sqlalchemy import func, select, text

from api_stub.http.state_metrics import read_state
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.servers import open_database, run_postgres
from db import migrate
from db.engine import Database

ACCOUNTS = 50
SCRAPES = 30
FILL = """
set local session_replication_role = replica;
insert into accounts (name, site, time_zone, session, session_proven_at)
    select 'a' || n, 'sandbox', 'UTC', '\\x00', now() - n * interval '1 day'
    from generate_series(1, :accounts) n;
insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), a.id, kind, '{}', 'planned', 'bench'
    from accounts a cross join unnest(array['birthday', 'visitor', 'sourcing']) kind;
create temp table many on commit drop as
    select gen_random_uuid() as id, c.id as campaign_id, c.account_id, n,
           case c.kind when 'birthday' then 'greet' else 'visit' end as kind,
           now() - (:actions - n) * interval '5 years' / :actions as at
    from generate_series(1, :actions) n
    join (select *, row_number() over (order by account_id, kind) - 1 as place from campaigns) c
        on c.place = n % (3 * :accounts)
    order by n;
insert into contacts (account_id, profile_url, full_name)
    select account_id, 'https://sandbox.test/in/p' || n || '/', 'Person ' || n from many;
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     reason, not_before, created_at, acting_since, acting_attempt, correlation_id)
    select m.id, m.account_id, m.n, m.campaign_id, m.kind, 'o' || m.n, m.at, 'Hi!',
           case when m.n % 10 = 0 then 'skipped' else 'done' end,
           case when m.n % 10 = 0 then 'do_not_contact' end, m.at, m.at,
           case when m.n % 10 > 0 then m.at end, 1, 'bench'
    from many m;
insert into action_events (account_id, seq, action_id, at, from_state, to_state, reason, attempt, actor,
                           correlation_id, hash)
    select m.account_id, 5 * m.n + s.step, m.id, m.at, s.from_state, s.to_state, null, 1, 'bench', 'bench', ''
    from many m
    cross join (values (0, null, 'planned'), (1, 'planned', 'queued'), (2, 'queued', 'claimed'),
                       (3, 'claimed', 'acting'), (4, 'acting', 'done')) s (step, from_state, to_state)
    order by m.n, s.step;
insert into audit_heads (account_id, seq, hash)
    select account_id, max(seq), '' from action_events group by account_id;
insert into interactions (account_id, contact_id, action_id, type, status, occasion, message, created_at,
                          correlation_id)
    select m.account_id, m.n, m.id, m.kind, 'proven', 'o' || m.n, 'Hi!', m.at, 'bench'
    from many m;
-- of each account: one in flight, and open ones of which some are due, some wait for a person
update actions a
set state = o.state, reason = o.reason, not_before = now() + (o.place % 5 - 1) * interval '1 hour',
    lease_until = case o.state when 'acting' then now() end
from (
    select id, place,
           case when place = 1 then 'acting' when place < 5 then 'uncertain'
                when place < 8 then 'needs_review' when place < 50 then 'proposed'
                else 'planned' end as state,
           case when place < 50 then 'cannot_tell' else 'gap' end as reason
    from (select id, row_number() over (partition by account_id order by n desc) as place from many) numbered
    where place <= 250
) o
where o.id = a.id;
"""


def fill(database: Database, actions: int) -> float:
    """Fill the database with so many actions, and return the seconds that the totals' migration then took."""
    config = migrate._config()  # noqa: SLF001 -- to go back before one revision
    migrate.upgrade_schema(database.engine)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0022")
        command.downgrade(config, "-1")
    with database.transaction() as session:
        session.execute(text("set local statement_timeout = 0"))
        for statement in FILL.split(";\n"):
            if statement.strip():
                given = {"accounts": ACCOUNTS, "actions": actions}
                session.execute(
                    text(statement), {name: given[name] for name in given if f":{name}" in statement}
                )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("vacuum analyze"))
    began = time.perf_counter()
    migrate.upgrade_schema(database.engine)
    return time.perf_counter() - began


def time_scrapes(database: Database) -> tuple[list[float], float]:
    """Return the seconds of each scrape, and those of processor time of one, here and in Postgres.

    The first scrape, which opens the connection, is left out.
    """
    assert len(read_state(database)) > 1
    with database.transaction() as session:
        backend = psutil.Process(session.scalars(select(func.pg_backend_pid())).one())
    before = time.process_time() + sum(backend.cpu_times()[:2])
    took = []
    for _ in range(SCRAPES):
        began = time.perf_counter()
        read_state(database)
        took.append(time.perf_counter() - began)
    return took, (time.process_time() + sum(backend.cpu_times()[:2]) - before) / SCRAPES


def measure_all(given: Given) -> Iterator[Row]:
    """Time scrapes with few and with many actions."""
    few, many = given.pick(quick=(100, 1_000), usual=(10_000, 200_000), long=(10_000, 1_000_000))
    worked: dict[int, float] = {}
    with run_postgres(given.folder) as postgres:
        for size in (few, many):
            given.say(f"{size:,} actions")
            with open_database(postgres.create_database(f"of_{size}")) as database:
                migrated = fill(database, size)
                took, worked[size] = time_scrapes(database)
            of = f"{size:,} actions"
            ratio = f"{worked[size] / worked[few]:.1f}" if size == many else ""
            measured = f"{worked[size] * 1e3:.0f} ms of processor time"
            waited = f"{statistics.median(took) * 1e3:.0f} ms, at most {max(took) * 1e3:.0f} ms"
            yield Row(f"a scrape, {of}", measured, f"{few:,}" if size == many else "", ratio, "< 50 ms")
            yield Row(f"the same by the clock, {of}", waited, "", "", "")
            yield Row(f"the totals' migration, {of}", f"{migrated:.1f} s", "", "", "")


if __name__ == "__main__":
    run_bench(__doc__, measure_all, long="a million actions")
