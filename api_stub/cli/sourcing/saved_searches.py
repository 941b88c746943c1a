"""`rapport sourcing save`, `saved`, `unsave`: named searches for campaigns and schedules."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from api_stub.cli.campaigns.input_files import read_criteria
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    load_zones,
    open_session,
    print_answer,
    require_account,
    validate_name,
)
from api_stub.cli.formatting import create_table, folding_text, format_time, print_text
from api_stub.cli.terminal import Console
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SavedSearchRecord
from tasks.contract import SavedSearchName
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria, given_criteria

Name = Annotated[str, typer.Argument(help="The search's name: small letters, digits, - and _.")]


def save_search(
    account: AccountArgument,
    name: Name,
    *,
    url: Annotated[
        str | None, typer.Option(help="The address of a people search, as your browser shows it.")
    ] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Criteria to score by and, without --url, to search by."),
    ] = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Save a search under a name, replacing one of that name. Give --url, --criteria, or both."""
    validate_name(TypeAdapter[str](SavedSearchName), name, "a search's name")
    scoring = read_criteria(criteria) if criteria is not None else Criteria()
    if url is None and not given_criteria(scoring):
        raise RequestRefusedError(
            "there is nothing to save: give --url, or --criteria that ask for something"
        )
    with open_session(data) as session:
        record = require_account(session, account)
        search = saved_searches.resolve_search(session, record, url=url, name=None, criteria=scoring)
        replaced = saved_searches.find_saved_search(session, record.id, name) is not None
        saved_searches.save_search(session, record.id, name, search)
    verb = "replaced" if replaced else "saved"
    print_text(f"search {name} is {verb}; next: `rapport campaign sourcing {account} --saved {name}`")


def list_saved_searches(
    account: Annotated[str | None, typer.Argument(help="Only this account's.")] = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List the saved searches with their search terms and criteria."""
    with open_session(data) as session:
        if account is not None:
            require_account(session, account)
        found = saved_searches.list_saved_searches(session, account=account)
        zones = load_zones(session)
    if as_json:
        print_answer(found)
        return
    table = create_table("account", "name", "searched", "scored by", "saved")
    for search in found:
        table.add_row(
            search.account,
            search.name,
            folding_text(_describe_query(search)),
            ", ".join(sorted(given_criteria(search.spec.criteria))) or "nothing",
            format_time(search.created_at, zones[search.account]),
        )
    hint = "no search is saved; to save one: `rapport sourcing save ACCOUNT NAME --url URL`"
    Console().print(table if found else hint)


def remove_saved_search(account: AccountArgument, name: Name, data: DataDir = DEFAULT_DATA) -> None:
    """Remove a saved search. Campaigns that were started with it continue."""
    with open_session(data) as session:
        record = require_account(session, account)
        if not saved_searches.delete_saved_search(session, record.id, name):
            raise RequestRefusedError(saved_searches.describe_unknown(session, record, name))
    print_text(f"search {name} is removed; a schedule that names it will be refused")


def _describe_query(search: SavedSearchRecord) -> str:
    return ", ".join(f"{name} {value}" for name, value in search.spec.query.terms)
