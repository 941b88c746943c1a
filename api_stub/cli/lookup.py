"""Find the person that a command is about; if several match, list them and ask which one is meant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from api_stub.cli.context import open_session, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.prompts import ask, is_interactive
from db.store.people import lookup
from db.store.people.lookup import ContactRecord, FoundContacts
from worker.errors import RequestRefusedError

Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO", help="A profile address or its last part, a contact's id, or words of the name."
    ),
]
WhoseAccount = Annotated[str | None, typer.Option("--account", help="Look in this account only.")]

_LIST_HINT: Final = "`rapport contacts list` shows people"
_ASK: Final = "Which one? Number, or Enter for none"


def choose_contact(data: Path, who: str, *, account: str | None = None, whole: bool = False) -> ContactRecord:
    """Return the one contact meant by `who`, asking on a terminal if there are several.

    With `whole`, a contact found by only a part of the name is refused unless the person at the terminal
    chooses it. Raises RequestRefusedError with suggestions if nobody matches, or with the list if several do
    and nobody can be asked. No transaction is open while it asks.
    """
    found = search_contacts(data, who, account=account)
    if len(found.people) == 1 and (found.exact or not whole):
        return found.people[0]
    return _ask_which(who, found, [describe_contact(person) for person in found.people])


def choose_person(
    data: Path,
    who: str,
    *,
    account: str | None = None,
    whole: bool = False,
    unknown: str = _LIST_HINT,
) -> Sequence[ContactRecord]:
    """Return all contacts of the one person meant by `who`: those that share one address on one site.

    Asks and raises as `choose_contact` does; `unknown` is what to do if nobody matches.
    """
    found = search_contacts(data, who, account=account, unknown=unknown)
    people = {_identify(person, found.people): person for person in found.people}
    if len(people) > 1 or (whole and not found.exact):
        one_each = FoundContacts(list(people.values()), found.exact, found.count)
        chosen = _ask_which(who, one_each, [describe_contact(person) for person in one_each.people])
    else:
        chosen = found.people[0]
    key = _identify(chosen, found.people)
    return [one for one in found.people if _identify(one, found.people) == key]


def _identify(person: ContactRecord, others: Sequence[ContactRecord]) -> tuple[str, str]:
    """Return site and one key of the person: the member id, where any account knows it."""
    same = [one for one in others if (one.site, one.profile_url) == (person.site, person.profile_url)]
    ids = [one.member_url for one in same if one.member_url is not None]
    return person.site, next(iter(ids), person.profile_url)


def search_contacts(data: Path, who: str, *, account: str | None, unknown: str = _LIST_HINT) -> FoundContacts:
    """Return the contacts that match `who`. Raises RequestRefusedError with suggestions if there are none."""
    with open_session(data, snapshot=True) as session:
        if account is not None:
            account = require_account(session, account).name
        found = lookup.find_contacts(session, who, account=account)
        near = [] if found.people else lookup.suggest_contacts(session, who, account=account)
    if found.people:
        return found
    raise RequestRefusedError(_describe_unknown(who, near, account, unknown))


def _describe_unknown(who: str, near: Sequence[ContactRecord], account: str | None, unknown: str) -> str:
    nobody = f"account {account} doesn't know {who!r}" if account else f"no account knows {who!r}"
    if near:
        return "\n".join((f"{nobody}; did you mean:", *(f"  {describe_contact(person)}" for person in near)))
    return f"{nobody}; {unknown}"


def describe_contact(person: ContactRecord) -> str:
    """Return name, company or headline, address and account on one line."""
    company = "" if person.company in person.headline else person.company
    parts = (person.full_name, person.headline, company, person.profile_url, f"of account {person.account}")
    return ", ".join(filter(None, parts))


def _ask_which(who: str, found: FoundContacts, lines: Sequence[str]) -> ContactRecord:
    if not is_interactive():
        raise RequestRefusedError(_describe_choice(who, found, lines))
    for number, line in enumerate(lines, start=1):
        print_text(f"{number:>3}  {line}")
    if found.count > len(lines):
        print_text(f"     and {found.count - len(lines)} more: add a word, or give the address", "dim")
    answer = ask(_ASK)
    if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(lines):
        return found.people[int(answer) - 1]
    raise RequestRefusedError("no one was chosen, so nothing was done")


def _describe_choice(who: str, found: FoundContacts, lines: Sequence[str]) -> str:
    more = found.count - len(lines)
    if len(lines) == 1:
        return f"{who!r} is only a part of a name; give the whole name or the address:\n  {lines[0]}"
    listed = "\n".join(f"{number:>3}  {line}" for number, line in enumerate(lines, start=1))
    rest = f"\n     and {more} more" if more > 0 else ""
    several = len({person.account for person in found.people}) > 1
    narrow = "an address, or --account" if several else "the address, or more of the name"
    return f"several people match {who!r}; to say which one, give {narrow}:\n{listed}{rest}"
