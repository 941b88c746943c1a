"""Helpers for tests of visitor and sourcing campaigns."""

import json
from pathlib import Path

from db.engine import Database
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import accounts
from tasks.contract import SourcingCampaign, VisitorCampaign
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import SearchQuery

SEARCH = "https://sandbox.test/search/people/?keywords=python&location=Paris&page=3"


QUERY = SearchQuery((("keywords", "python"), ("location", "Paris")))


Asked = list[VisitorCampaign | SourcingCampaign]


def a_file(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def save_a_search(database: Database, name: str = "pythonists", criteria: Criteria | None = None) -> None:
    with database.transaction() as session:
        account = accounts.find_account(session, "demo")
        assert account is not None
        saved_searches.save_search(session, account.id, name, SearchSpec(QUERY, criteria or Criteria()))
