"""Saved searches in the console."""

from typing import Final

import pytest
from sqlalchemy.orm import Session

from api_stub.console.session import Role
from db.engine import Database
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SavedSearchRecord
from tests.console.campaigns.test_start import changes
from tests.console.conftest import Console, with_token
from tests.console.hostile import HOSTILE

FORM = {
    "account": "demo", "name": "engineers", "url": "", "criteria.title": "Engineer",
    "criteria.skills": "Python\nSQL", "criteria.languages": "en, fr", "criteria.min_years": "3",
    "criteria.open_to_work": "no", "criteria.required": ["skills", "title"], "criteria.weights.skills": "40",
}  # fmt: skip


def stored(database: Database) -> list[SavedSearchRecord]:
    def read(session: Session) -> list[SavedSearchRecord]:
        return list(saved_searches.list_saved_searches(session, account="demo"))

    with database.transaction() as session:
        return read(session)


@pytest.mark.usefixtures("account")
def test_a_search_that_is_saved_twice_is_one_with_all_that_was_typed(
    console: Console, database: Database
) -> None:
    client = console()
    for _ in range(2):
        assert client.post("/searches/new", data=with_token(**FORM)).status_code == 303
    (found,) = stored(database)
    criteria = found.spec.criteria
    assert (criteria.title, criteria.skills, criteria.languages) == (
        "Engineer",
        ("Python", "SQL"),
        ("en", "fr"),
    )
    assert (criteria.min_years, criteria.open_to_work) == (3, False)
    assert (set(criteria.required), dict(criteria.weights)) == ({"skills", "title"}, {"skills": 40})
    assert ("title", "Engineer") in found.spec.query.terms
    assert "Python, SQL" in client.get("/searches").text


@pytest.mark.usefixtures("account")
def test_a_search_is_changed_and_one_of_another_name_is_not_overwritten(
    console: Console, database: Database
) -> None:
    client = console()
    client.post("/searches/new", data=with_token(**FORM))
    other = FORM | {"criteria.title": "Baker"}
    refused = client.post("/searches/new", data=with_token(**other))
    assert refused.status_code == 422
    assert "a search of this name already" in refused.text
    form = client.get("/searches/engineers/edit").text
    assert 'value="Engineer"' in form
    assert "Python\nSQL</textarea>" in form
    client.post("/searches/new", data=with_token(**other, replace="on"))
    assert [found.spec.criteria.title for found in stored(database)] == ["Baker"]


ERRORS: Final = [
    ({"name": "Not Good"}, "small letters, digits"),
    ({"name": "<script>"}, "small letters, digits"),
    ({"url": "https://else.test/search"}, "address on sandbox"),
    ({"criteria.min_years": "9", "criteria.max_years": "3"}, "that is nobody"),
    ({"criteria.languages": "xx"}, "two letters for each language"),
    ({"criteria.skills": "SQL\nsql"}, "is given twice"),
    ({"criteria.weights.skills": "0"}, "at least 1"),
]


@pytest.mark.usefixtures("account")
def test_an_error_stands_beside_its_field(console: Console, database: Database) -> None:
    client = console()
    for changed, said in ERRORS:
        answer = client.post("/searches/new", data=with_token(**(FORM | changed)))
        assert answer.status_code == 422
        assert said in answer.text.replace("&#39;", "'")
        assert stored(database) == []


@pytest.mark.usefixtures("account")
def test_a_search_without_anything_to_search_for_is_refused(console: Console, database: Database) -> None:
    answer = console().post("/searches/new", data=with_token(account="demo", name="empty"))
    assert answer.status_code == 422
    assert "There is nothing to search for" in answer.text
    assert stored(database) == []


@pytest.mark.usefixtures("account")
def test_a_search_is_run_and_deleted_after_being_asked(console: Console, database: Database) -> None:
    client = console()
    client.post("/searches/new", data=with_token(**FORM))
    form = client.get("/campaigns/new/sourcing?account=demo&saved=engineers").text
    assert 'value="saved_search" checked' in form
    assert '<option value="engineers" selected>' in form
    asked = client.post("/searches/engineers/delete", data=with_token(account="demo"))
    assert "Delete the search?" in asked.text
    assert len(stored(database)) == 1
    client.post("/searches/engineers/delete", data=with_token(account="demo", sure="on"))
    assert stored(database) == []
    assert client.get("/searches/engineers/edit").status_code == 404
    assert [change for _, change, _ in changes(database)] == ["search.delete", "search.save"]


@pytest.mark.usefixtures("account")
def test_hostile_criteria_are_text(console: Console, database: Database) -> None:
    client = console()
    for number, text in enumerate(HOSTILE):
        form = with_token(account="demo", name=f"s{number}", **{"criteria.title": text[:100]})
        client.post("/searches/new", data=form)
    assert stored(database)
    shown = client.get("/searches").text
    for harm in ("<script>document", "<img", "<b onmouseover", "\u202e", "\u2066", "\x1b", ">49<"):
        assert harm not in shown


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_others_than_an_owner_only_read(console: Console, database: Database, role: Role) -> None:
    client = console(role)
    assert "<form" not in client.get("/searches").text
    for path in ("new", "engineers/delete"):
        assert client.post(f"/searches/{path}", data=with_token(**FORM)).status_code == 403
    assert stored(database) == []
