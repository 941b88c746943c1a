"""The search uses its indexes in an account of 40 000 people, and never reads the whole table of contacts."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.people import contact_list, lookup, search
from db.store.people.contact_list import ContactFilters
from db.store.people.people_filters import EVERYBODY, ContactFilter, NameFilter, PeopleFilters, PeopleOrder
from db.store.people.search import Sought
from tests.db.plans.test_plans import nodes, plans
from tests.servers import Servers

TODAY = date(2027, 12, 20)
FILL = """
set session_replication_role = replica;
insert into accounts (name, site, time_zone) values ('demo', 'sandbox', 'UTC'), ('other', 'sandbox', 'UTC');
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, hold_until, call_by)
select 1 + (n % 50 = 0)::int, 'https://sandbox.test/in/p-' || n, 'Ann' || n / 8 || ' Lee' || n,
       1 + n % 12, 1 + n % 28,
       case when n % 4000 = 1 then date '2028-05-01' end, case when n % 5000 = 1 then 'Bo' end
from generate_series(1, 40000) n;
analyze;
"""


@pytest.fixture(scope="module")
def full(servers: Servers) -> Iterator[Database]:
    name = f"test_{uuid4().hex}"
    servers.copy_template(name)
    url = servers.database_url_of(name)
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(FILL)
    database = Database(url, application_name="plans")
    yield database
    database.close()
    servers.drop_database(name)


def read_plans(database: Database, sought: Sought, after: int | None = None) -> list[dict[str, Any]]:
    return plans(database, lambda session: search.find_people(session, sought, after=after, limit=50))


ON_HOLD, NAMED = PeopleFilters(contact=ContactFilter.ON_HOLD), PeopleFilters(name=NameFilter.BY_HAND)


@pytest.mark.parametrize(
    ("words", "filters", "order", "index"),
    [
        (["lee39001"], EVERYBODY, PeopleOrder.NAME, "ix_contacts_search_words"),
        (["lee39001"], EVERYBODY, PeopleOrder.BIRTHDAY, "ix_contacts_search_words"),
        (["ann49", "lee"], EVERYBODY, PeopleOrder.NAME, "ix_contacts_search_words"),
        ([], ON_HOLD, PeopleOrder.NAME, "ix_contacts_flagged"),
        ([], NAMED, PeopleOrder.BIRTHDAY, "ix_contacts_flagged"),
        ([], EVERYBODY, PeopleOrder.NAME, "ix_contacts_name_order"),
        ([], EVERYBODY, PeopleOrder.BIRTHDAY, "ix_contacts_birthday"),
        (["an"], EVERYBODY, PeopleOrder.NAME, "ix_contacts_name_order"),
    ],
)
def test_whatever_is_sought_is_found_by_an_index(
    full: Database, words: list[str], filters: PeopleFilters, order: PeopleOrder, index: str
) -> None:
    found = [
        node
        for after in (None, 39_001)
        for plan in read_plans(full, Sought(1, TODAY, words, (), filters, order=order), after)
        for node in nodes(plan)
    ]
    assert index in {node.get("Index Name") for node in found}
    whole = [node for node in found if node["Node Type"] == "Seq Scan"]
    assert all(node["Plan Rows"] > search.MOST_COUNTED for node in whole), whole  # ended by a limit


@pytest.mark.parametrize(
    "work",
    [
        lambda s: contact_list.list_contacts(s, ContactFilters("demo", text="lee39001"), limit=50),
        lambda s: contact_list.list_contacts(s, ContactFilters(text="ann49 lee"), limit=50),
        lambda s: lookup.find_contacts(s, "ann4900 lee39201", account="demo"),
        lambda s: lookup.find_contacts(s, "lee39201"),
        lambda s: lookup.suggest_contacts(s, "lee39021x", account="demo"),
    ],
    ids=["list", "list of all accounts", "lookup", "lookup in all accounts", "suggestions"],
)
def test_whoever_is_listed_or_looked_up_by_words_is_found_by_their_index(
    full: Database, work: Callable[[Session], object]
) -> None:
    found = [node for plan in plans(full, work) for node in nodes(plan)]
    assert "ix_contacts_search_words" in {node.get("Index Name") for node in found}
    whole = [node for node in found if node["Node Type"] == "Seq Scan"]
    assert not [node for node in whole if node["Relation Name"] == "contacts" and "Filter" in node], whole


@pytest.mark.parametrize("words", ["ann4900 lee", "lee ann4900", "lee ann lee39201"])
def test_the_index_is_not_asked_for_the_words_of_nearly_everybody(full: Database, words: str) -> None:
    sought = Sought(1, TODAY, words.split())
    rare = [word for word in words.split() if word[-1].isdigit()]
    looked_up = read_plans(full, sought), plans(full, lambda s: list_of(s, words))
    for found in looked_up:
        asked = [
            node["Index Cond"]
            for plan in found
            for node in nodes(plan)
            if node.get("Index Name") == "ix_contacts_search_words"
        ]
        assert asked
        for condition in asked:
            assert re.findall(r"''(\w+)'':", condition) == rare


def list_of(session: Session, words: str) -> object:
    return contact_list.list_contacts(session, ContactFilters("demo", text=words), limit=50)
