"""`rapport sourcing save`, `saved`, `unsave`."""

import json
from pathlib import Path

import pytest

from db.engine import Database
from tests.builders import TEN, an_account
from tests.cli.conftest import Rapport

URL = "https://sandbox.test/search/people/?keywords=python&location=Paris"


@pytest.fixture(autouse=True)
def account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="linkedin", limits=TEN)


def criteria(folder: Path, **fields: object) -> str:
    path = folder / "criteria.json"
    path.write_text(json.dumps(fields))
    return str(path)


def test_a_search_is_saved_shown_replaced_and_removed(rapport: Rapport, tmp_path: Path) -> None:
    assert "no search is saved" in rapport("sourcing", "saved")
    said = rapport("sourcing", "save", "demo", "pythonists", "--url", URL)
    assert "next: `rapport campaign sourcing demo --saved pythonists`" in said
    assert "keywords python, location Paris" in rapport("sourcing", "saved")
    given = criteria(tmp_path, title="Chef", skills=["Sushi"])
    assert "replaced" in rapport("sourcing", "save", "demo", "pythonists", "--criteria", given)
    shown = rapport("sourcing", "saved", "demo")
    assert "title Chef" in shown
    assert "skills, title" in shown
    assert "python," not in shown
    assert "no search is saved" in rapport("sourcing", "saved", "real")
    assert "is removed" in rapport("sourcing", "unsave", "demo", "pythonists")
    assert "has no search 'pythonists'" in rapport.refused("sourcing", "unsave", "demo", "pythonists")


def test_a_mistyped_name_of_a_search_is_suggested(
    rapport: Rapport, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        an_account(session)
    path = tmp_path / "criteria.json"
    path.write_text('{"title": "Baker"}')
    rapport("sourcing", "save", "demo", "bakers", "--criteria", str(path))
    assert "did you mean bakers?" in rapport.refused("sourcing", "unsave", "demo", "bakes")
    assert "did you mean bakers?" in rapport.refused("campaign", "sourcing", "demo", "--saved", "bakrs")


def test_a_search_may_have_an_address_and_criteria_of_its_own(rapport: Rapport, tmp_path: Path) -> None:
    rapport(
        "sourcing", "save", "demo", "both", "--url", URL, "--criteria", criteria(tmp_path, company="Acme")
    )
    shown = rapport("sourcing", "saved")
    assert "keywords python, location Paris" in shown
    assert "company" in shown


def test_what_cannot_be_searched_is_not_saved(rapport: Rapport, tmp_path: Path) -> None:
    save = ("sourcing", "save", "demo", "one")
    assert "nothing to save" in rapport.refused(*save)
    assert rapport.refused(*save, "--url", URL.replace("sandbox.test", "evil.test")).startswith("url: ")
    assert rapport.refused("sourcing", "save", "real", "one", "--url", URL).startswith("url: ")
    only_scored = criteria(tmp_path, open_to_work=True)
    assert rapport.refused(*save, "--criteria", only_scored).startswith(
        "criteria: there is nothing to search"
    )
    assert "criteria.json: skils: " in rapport.refused(*save, "--criteria", criteria(tmp_path, skils=["a"]))
    assert "can't be a search's name" in rapport.refused("sourcing", "save", "demo", "My One", "--url", URL)
    assert "no account called 'nobody'" in rapport.refused("sourcing", "save", "nobody", "one", "--url", URL)
    assert "no account called 'nobody'" in rapport.refused("sourcing", "saved", "nobody")
    assert "no search is saved" in rapport("sourcing", "saved")
