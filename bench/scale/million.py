"""What reads an account's contacts, with a million of them, against ten thousand.

`./run bench million` starts a Postgres and fills two databases, each with one account. Both have
the same birthdays a day, planned greetings and visits, so that only what nobody asks for is more. Each was
greeted once. Planning, `why`, searches, lists and the choice of connections not seen for months then run in
turn, as the application runs them. `--quick` only shows that it works.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import psutil
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.explain.why import find_outlook
from api_stub.stack.environment import set_environment, settings_environment
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.servers import open_database, run_postgres
from db.engine import Database, today_in
from db.store.actions import interactions
from db.store.people import accounts, contact_list, lookup, search, visits
from db.store.people.contact_list import ContactFilters
from db.store.people.search import Sought
from db.store.reports import gate_facts, overview
from db.tables import Contact
from tasks.campaigns.plan_birthdays import start_birthday_campaign
from tasks.contract import BirthdayOptions
from worker import clock, logs
from worker.settings import Settings

PAGE: Final = 100
MIDDLE: Final = timedelta(days=5 * 365)
"""How long ago half of what happened in the ten years that are filled had happened."""
FILLED: Final = ("contacts", "actions", "interactions")
FILL: Final = """
insert into accounts (name, site, time_zone, session, session_proven_at)
    values ('demo', 'sandbox', 'UTC', '\\x00', now());
insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), 1, kind, '{}', 'planned', 'bench'
    from unnest(array['birthday', 'visitor']) kind;
create function pg_temp.word(n bigint) returns text language sql immutable
    as $$ select translate(left(md5(n::text), 7), '0123456789', 'aeioulnrst') $$;
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, profile, created_at)
    select 1, 'https://sandbox.test/in/p' || n || '/',
           initcap('b' || pg_temp.word(n % 2003)) || ' ' || initcap('d' || pg_temp.word(n % 49999)),
           extract(month from d.day), extract(day from d.day),
           jsonb_build_object('company', 'Company ' || n % 5000,
                              'position', 'Head of ' || pg_temp.word(n % (:contacts / 33))),
           now() - (:contacts - n) * interval '10 years' / :contacts
    from generate_series(1, :contacts) n
    cross join lateral (  -- the same number of birthdays, spread over all
        select case when n % (:contacts / :dated) = 0
                    then date '2001-01-01' + (n / (:contacts / :dated)) % 365 end
    ) d (day);
create temp table many on commit drop as
    select gen_random_uuid() as id, n as contact_id, 'greet' as kind,
           now() - interval '1 month' - (:contacts - n) * interval '10 years' / :contacts as at
    from generate_series(1, :contacts) n
    union all  -- the first people were visited, as a visitor campaign chooses them
    select gen_random_uuid(), n, 'visit', now() - (:visits - n) * interval '500 days' / :visits
    from generate_series(1, :visits) n;
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     not_before, created_at, acting_since, acting_attempt, correlation_id)
    select m.id, 1, m.contact_id, c.id, m.kind, m.kind || ' of before', m.at, 'Hi!', 'done', m.at, m.at, m.at,
           1, 'bench'
    from many m
    join campaigns c on c.kind = case m.kind when 'greet' then 'birthday' else 'visitor' end;
insert into interactions (account_id, contact_id, action_id, type, status, occasion, message, created_at,
                          correlation_id)
    select 1, m.contact_id, m.id, m.kind, 'proven', m.kind || ' of before', 'Hi!', m.at, 'bench' from many m
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many contacts there are, how many of them have a birthday, and how many were visited."""

    contacts: int
    dated: int
    visits: int
    times: int

    @property
    def settings(self) -> Mapping[str, int]:
        """The numbers of FILL."""
        return {"contacts": self.contacts, "dated": self.dated, "visits": self.visits}


FULL: Final = (Size(10_000, 10_000, 5_000, 40), Size(1_000_000, 10_000, 5_000, 40))
QUICK: Final = (Size(400, 400, 100, 2), Size(800, 400, 100, 2))


def fill(database: Database, size: Size) -> None:
    """Fill the tables without triggers, and build their indexes afterwards, which takes half the time."""
    with database.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("set local maintenance_work_mem = '512MB'"))
        indexes = _drop_indexes(connection)
        for statement in FILL.split(";\n"):
            named = {name: value for name, value in size.settings.items() if f":{name}" in statement}
            connection.execute(text(statement), named)
        for definition in indexes:
            connection.exec_driver_sql(definition)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _drop_indexes(connection: Connection) -> Sequence[str]:
    """Drop the indexes that are no constraints; return how to create them."""
    found = connection.execute(
        text(
            "select indexname, indexdef from pg_indexes where tablename = any(:filled) and not exists ("
            "select from pg_constraint where conname = indexname)"
        ),
        {"filled": list(FILLED)},
    ).all()
    for name, _ in found:
        connection.execute(text(f"drop index {name}"))
    return [definition for _, definition in found]


Work = Callable[[Session, int], object]


def plan_a_day(session: Session, _: int) -> None:
    """Plan the account's birthdays; the caller takes it back."""
    account = accounts.get_account(session, 1)
    start_birthday_campaign(session, account, uuid4(), BirthdayOptions(read_site=False))


def explain_contact(session: Session, number: int) -> None:
    """Answer why a person with a planned greeting waits."""
    planned = session.scalars(
        text("select contact_id from actions where state = 'planned' order by id offset :number limit 1"),
        {"number": number % 20},
    ).one()
    facts = gate_facts.get_contact_facts(session, planned)
    assert facts.action is not None
    find_outlook(session, facts)


def explain_account(session: Session, _: int) -> None:
    """Answer why the account waits."""
    find_outlook(session, gate_facts.get_account_facts(session, 1))


def search_people(typed: Callable[[Session, int], str]) -> Work:
    """Search as the console does, for the first page."""

    def work(session: Session, number: int) -> None:
        words, addresses = search.read_query(session, typed(session, number))
        account = accounts.get_account(session, 1)
        sought = Sought(1, today_in(session, account.zone), words, addresses)
        search.find_people(session, sought, after=None, limit=50)

    return work


def list_by_text(typed: Callable[[Session, int], str]) -> Work:
    """List as `GET /v1/contacts?text=` does, for the first page."""

    def work(session: Session, number: int) -> None:
        filters = ContactFilters(account="demo", text=typed(session, number))
        contact_list.list_contacts(session, filters, limit=PAGE)

    return work


def list_page(page: Callable[[Session, bool], Sequence[object]], *, deep: bool) -> Work:
    """Read a full page of a list: its first, or one from its middle."""

    def work(session: Session, _: int) -> None:
        assert len(page(session, deep)) == PAGE

    return work


def page_of_contacts(session: Session, deep: bool) -> Sequence[object]:
    """List contacts as `GET /v1/contacts` does."""
    middle = session.scalars(select(func.max(Contact.id) // 2)).one() if deep else None
    return contact_list.list_contacts(session, ContactFilters(account="demo"), limit=PAGE, after=middle)


def page_of_interactions(session: Session, deep: bool) -> Sequence[object]:
    """List interactions as `GET /v1/interactions` does."""
    middle = (clock.now() - MIDDLE, 0) if deep else None
    return interactions.list_history(session, account="demo", limit=PAGE, before=middle)


def page_of_actions(session: Session, deep: bool) -> Sequence[object]:
    """List actions as `GET /v1/actions` does."""
    middle = (clock.now() - MIDDLE, UUID(int=0)) if deep else None
    return overview.list_actions(session, account="demo", limit=PAGE, before=middle)


def look_up(session: Session, number: int) -> None:
    """Look a person up by name, as commands do."""
    assert lookup.find_contacts(session, name_somebody(session, number), account="demo").people


def suggest(session: Session, number: int) -> None:
    """Look a mistyped name up, and suggest the nearest."""
    name = name_somebody(session, number)
    typed = f"{name[:3]}{name[4:]}"
    lookup.find_contacts(session, typed, account="demo")
    assert lookup.suggest_contacts(session, typed, account="demo")


def choose_unseen(session: Session, _: int) -> None:
    """Choose the connections of a day's visits."""
    assert visits.list_unseen_connections(session, 1, months=6, no_repeat_days=30, limit=40)


def name_somebody(session: Session, number: int) -> str:
    """Return the name of a contact."""
    named = text("select full_name from contacts where id = :id")
    return str(session.scalars(named, {"id": 1 + 97 * number % 400}).one())


def name_nobody(_: Session, number: int) -> str:
    """Return a name that nobody has."""
    return f"qzx{number} qzy"


def name_position(session: Session, number: int) -> str:
    """Return what some thirty contacts are."""
    named = text("select profile ->> 'position' from contacts where id = :id")
    return str(session.scalars(named, {"id": 1 + 97 * number % 400}).one())


WORK: Final[Mapping[str, Work]] = {
    "planning a day's birthdays": plan_a_day,
    "why a person waits": explain_contact,
    "why an account waits": explain_account,
    "the console's search, a name": search_people(name_somebody),
    "the console's search, a position": search_people(name_position),
    "the console's search, nobody": search_people(name_nobody),
    "contacts, the first page": list_page(page_of_contacts, deep=False),
    "contacts, a page from the middle": list_page(page_of_contacts, deep=True),
    "interactions, the first page": list_page(page_of_interactions, deep=False),
    "interactions, a page from the middle": list_page(page_of_interactions, deep=True),
    "actions, the first page": list_page(page_of_actions, deep=False),
    "actions, a page from the middle": list_page(page_of_actions, deep=True),
    "a list by words, a name": list_by_text(name_somebody),
    "a list by words, a position": list_by_text(name_position),
    "a list by words, nobody": list_by_text(name_nobody),
    "looking up a name": look_up,
    "looking up a mistyped name": suggest,
    "connections not seen for six months": choose_unseen,
}
"""What is measured, in this order. The first of them is taken back, and then done for the others."""


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of each time, sorted, and of the processor for one, here and in Postgres together."""

    taken: Sequence[float]
    processor_s: float

    def pick(self, share: float) -> float:
        """Return the time that this share of them doesn't exceed."""
        return self.taken[math.ceil(share * len(self.taken)) - 1]

    def __str__(self) -> str:
        p95, p50, processor = (1e3 * each for each in (self.pick(0.95), self.pick(0.5), self.processor_s))
        return f"p95 {p95:.1f} ms, p50 {p50:.1f} ms, {processor:.1f} ms of processor"


def time_work(database: Database, work: Work, times: int) -> Times:
    """Do the work so many times after one that isn't counted. What it writes is taken back."""
    with database.transaction() as session:
        work(session, 0)
        server = psutil.Process(session.scalars(select(func.pg_backend_pid())).one())
        session.rollback()
    before, taken = time.process_time() + sum(server.cpu_times()[:2]), []
    for number in range(times):
        with database.transaction() as session:
            began = time.perf_counter()
            work(session, number)
            taken.append(time.perf_counter() - began)
            session.rollback()
    processor_s = time.process_time() + sum(server.cpu_times()[:2]) - before
    return Times(sorted(taken), processor_s / times)


def measure(small: Database, large: Database, times: int) -> Sequence[Row]:
    """Time everything in both databases in turn."""
    rows = []
    for name, work in WORK.items():
        few, many = (time_work(database, work, times) for database in (small, large))
        rows.append(describe(name, few, many))
        if work is plan_a_day:
            for database in (small, large):
                with database.transaction() as session:
                    work(session, 0)
    return rows


def describe(name: str, few: Times, many: Times) -> Row:
    """Return the row of one work, with how its processor time grew, which other work hardly influences."""
    ratio = many.processor_s / max(few.processor_s, 1e-6)
    return Row(name, str(many), str(few), f"{ratio:.2f}", "< 100 ms, < 1.5")


def weigh(database: Database, size: Size) -> Row:
    """Return the row of what a contact takes on the disk, with its indexes."""
    with database.transaction() as session:
        taken = session.scalars(text("select pg_total_relation_size('contacts')")).one()
    return Row("a contact on the disk, with its indexes", f"{taken / size.contacts / 1e3:.2f} kB", "", "", "")


def measure_all(given: Given) -> Sequence[Row]:
    """Fill both databases, and time everything in them."""
    sizes = given.pick(quick=QUICK, usual=FULL)
    set_environment(settings_environment({"log_level": "WARNING"}))
    logs.configure(Settings())
    with run_postgres(given.folder) as postgres, ExitStack() as opened:
        databases: list[Database] = []
        for size in sizes:
            given.say(f"{size.contacts:,} contacts")
            address = postgres.create_database(f"of_{size.contacts}")
            migrate_and_seed(address)
            databases.append(opened.enter_context(open_database(address)))
            fill(databases[-1], size)
        small, large = databases
        return [*measure(small, large, sizes[0].times), weigh(large, sizes[-1])]


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
