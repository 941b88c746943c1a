"""The list of people: what an address shows, and how harmful names are shown."""

import re

import pytest
from sqlalchemy import text

from api_stub.console.session import Role
from db.engine import Database
from db.store.reports.contacts import people_list
from db.tables import Contact, Import, ImportDoubt
from tests.builders import a_contact, an_account
from tests.console.conftest import Console
from tests.console.hostile import HOSTILE
from tests.console.people.conftest import Known


def names(page: str) -> list[str]:
    return re.findall(r'<a href="/people/\d+" dir="auto">([^<]*)</a>', page)


def test_an_account_shows_its_own_people_only(console: Console, known: Known) -> None:
    client = console(Role.VIEWER)
    assert names(client.get("/people").text) == ["Ann Lee", "Zoë Quill", "Zoë Quill"]
    assert names(client.get("/people?q=ann").text) == ["Ann Lee"]
    assert names(client.get("/people?account=other&q=ann").text) == ["Ann Elsewhere"]
    assert client.get("/people?account=nobody").status_code == 404


def test_people_of_one_name_are_told_apart_by_work_and_address(console: Console, known: Known) -> None:
    page = console().get("/people?q=quill").text
    assert "zoe-quill-1" in page
    assert "zoe-quill-2" in page
    assert "Chief Beekeeper, Hives and Sons" in page
    assert "ann-lee" not in console().get("/people?q=ann").text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("birthday=week", ["Ann Lee", "Zoë Quill"]), ("birthday=unknown", ["Zoë Quill"]),
        ("sort=birthday", ["Ann Lee", "Zoë Quill"]), ("contact=never", []),
        ("greeted=never&q=ann", ["Ann Lee"]), ("source=site", ["Ann Lee", "Zoë Quill", "Zoë Quill"]),
        ("source=csv", []), ("language=none&q=ann", ["Ann Lee"]), ("doubts=1", ["Zoë Quill"]),
        ("name=none", ["Dr. Müller"]), ("birthday=x&contact=y&sort=z&source=q&q=ann", ["Ann Lee"]),
    ],
)  # fmt: skip
def test_the_address_holds_the_filters(
    console: Console, known: Known, database: Database, query: str, wanted: list[str]
) -> None:
    with database.transaction() as session:
        if "name" in query:
            a_contact(session, known.account, "muller", name="Dr. Müller")
        if "doubts" in query:
            file = Import(account_id=known.account.id, source="csv", file_name="f", started_by="o", report={})
            session.add(file)
            session.flush()
            session.add(
                ImportDoubt(
                    import_id=file.id, line=1, contact_id=known.namesake, name="Z", birth_month=1, birth_day=1
                )
            )
    page = console().get(f"/people?{query}").text
    assert names(page) == wanted
    for name, value in (each.split("=") for each in query.split("&")):
        if name not in {"q", "doubts", "language"} and value not in set("xyzq"):
            assert f'<option value="{value}" selected>' in page


def test_pages_follow_each_other_and_keep_the_filters(
    console: Console, known: Known, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "PAGE", 2)
    client = console()
    first = client.get("/people?source=site").text
    link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "source=site" in link
    assert "3 people" in first
    second = client.get(link).text
    assert names(first) + names(second) == ["Ann Lee", "Zoë Quill", "Zoë Quill"]
    assert 'rel="next"' not in second
    assert 'rel="prev"' in second
    for nonsense in ("x", "9" * 40, "-1", "0"):
        assert client.get("/people", params={"after": nonsense}).status_code == 200


def test_names_are_read_in_parts_where_a_rule_decides(
    console: Console, known: Known, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "_NAMES_AT_ONCE", 2)
    monkeypatch.setattr(people_list, "_MOST_NAMES", 2)
    with database.transaction() as session:
        a_contact(session, known.account, "zzz", name="Zzz GmbH")
    client, found, link = console(), [], "/people?name=none"
    while link:
        page = client.get(link).text
        found += names(page)
        link = (
            page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
            if 'rel="next"' in page
            else ""
        )
    assert found == ["Zzz GmbH"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_and_facts_are_only_text(
    console: Console, known: Known, database: Database, hostile: str
) -> None:
    stored = hostile.replace("\0", "")
    with database.transaction() as session:
        for each in (known.ann, known.zoe):
            row = session.get_one(Contact, each)
            row.full_name, row.email, row.hold_by = stored, stored, stored[:200]
            row.profile = dict.fromkeys(("company", "headline", "position", "location"), stored)
            row.hold_until, row.hold_reason = known.today.replace(year=known.today.year + 1), stored[:200]
        session.execute(text("update actions set message = :m, detail = :m"), {"m": stored})
    client = console()
    for path in (
        "/people",
        "/people?sort=birthday",
        f"/people/{known.ann}",
        f"/people/{known.ann}/edit",
        f"/people/{known.ann}/forget",
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        page = answer.text
        assert not re.search(r"<(script(?! src)|img|b)\b", page), path
        assert not re.search(
            r"[\u0000-\u0008\u000b-\u001f\u0085\u200e\u200f\u202a-\u202e\u2066-\u2069]", page
        ), path
        assert "{{7*7}}" in page if "7*7" in hostile and "/edit" not in path else True
    assert client.get("/people", params={"q": hostile}).status_code == 200


def test_an_empty_list_says_what_to_do(console: Console, database: Database) -> None:
    assert "No account yet" in console().get("/people").text
    with database.transaction() as session:
        an_account(session)
    assert "/imports" in console().get("/people").text
    assert "Nobody matches" in console().get("/people?q=xyz").text


def test_it_is_there_in_french(console: Console, known: Known) -> None:
    for path in (
        "/people",
        f"/people/{known.ann}",
        f"/people/{known.ann}/edit",
        f"/people/{known.ann}/forget",
    ):
        assert console(locale="fr").get(path).status_code == 200
