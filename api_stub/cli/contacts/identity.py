"""`rapport contacts same`, `merge`, `distinct`, `address`: who a contact is."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    get_terminal_user,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import create_table, folding_text, print_text
from api_stub.cli.lookup import Who, WhoseAccount, choose_contact, describe_contact
from api_stub.cli.screen.prompts import require_typed_yes
from api_stub.cli.terminal import Console
from db.store.identity import doubts as identity_doubts
from db.store.identity import learning, merging
from db.store.people.lookup import ContactRecord
from worker.errors import Reason, RequestRefusedError
from worker.rules.people.addresses import normalise_profile_url

Other = Annotated[
    str, typer.Argument(metavar="OTHER", help="The other contact of the same account, given in the same way.")
]


def list_doubts(account: AccountFilter = None, as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """List contacts of whom it is uncertain who they are: two who may be one, and addresses that moved."""
    with open_session(data) as session:
        check_account_filter(session, account)
        doubts = identity_doubts.list_identity_doubts(session, account=account)
    if as_json:
        print_answer(doubts)
        return
    table = create_table("account", "contact", "address", "other address", "why")
    for doubt in doubts:
        table.add_row(
            folding_text(doubt.account),
            folding_text(doubt.name),
            folding_text(doubt.profile_url),
            folding_text(doubt.other_url),
            folding_text(doubt.reason.replace("_", " ")),
        )
    Console().print(table if doubts else Text("it is certain who each contact is"))
    if any(doubt.reason is Reason.MAYBE_SAME_PERSON for doubt in doubts):
        print_text(
            "only one of two who may be the same person is greeted; to say who they are: `rapport contacts "
            "merge ADDRESS OTHER` or `rapport contacts distinct ADDRESS OTHER`"
        )
    if any(doubt.reason is Reason.ADDRESS_MOVED for doubt in doubts):
        print_text(
            "nothing is sent to an address that belongs to another member now; give the contact's own: "
            "`rapport contacts address ADDRESS NEW`, or the same again if it is still this person"
        )


def merge_contacts(
    who: Who,
    other: Other,
    account: WhoseAccount = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Join two contacts that are one person. Their history and plans are one from then on.

    Of two planned greetings for the same birthday one remains. It can't be taken back.
    """
    one, two = _choose_two(data, who, other, account)
    if not yes:
        require_typed_yes(
            f"This joins two contacts for good:\n  {describe_contact(one)}\n  {describe_contact(two)}",
            "Type yes if they are one person",
            refusal="not confirmed, so nothing was changed (--yes skips the question)",
        )
    with open_session(data) as session:
        if not merging.merge_contacts(session, one.id, two.id, by=get_terminal_user()):
            raise RequestRefusedError(
                "a worker or a command is using one of them right now; nothing was changed: try again in a "
                "minute"
            )
    print_text(f"{one.full_name} (account {one.account}) is one contact now")


def tell_apart(who: Who, other: Other, account: WhoseAccount = None, data: DataDir = DEFAULT_DATA) -> None:
    """Say that two contacts of the same name and birthday are two people. Both are greeted then."""
    one, two = _choose_two(data, who, other, account)
    with open_session(data) as session:
        learning.tell_apart(session, one.id, two.id, by=get_terminal_user())
    print_text(f"{one.full_name} and {two.full_name} (account {one.account}) are two people")


def set_address(
    who: Who,
    address: Annotated[str, typer.Argument(help="The person's profile address now, or the same again.")],
    account: WhoseAccount = None,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set a person's profile address, for an address that belongs to another member now.

    The same address again means: whoever has it now is still this person.
    """
    person = choose_contact(data, who, account=account, whole=True)
    normalised = normalise_profile_url(address, person.site)
    if normalised is None:
        raise RequestRefusedError(f"{address!r} isn't a profile address of {person.site}")
    with open_session(data) as session:
        identity_doubts.set_address(session, person.id, normalised, by=get_terminal_user())
    print_text(f"{person.full_name} (account {person.account}) has the address {normalised}")


def _choose_two(data: Path, who: str, other: str, account: str | None) -> tuple[ContactRecord, ContactRecord]:
    one = choose_contact(data, who, account=account, whole=True)
    two = choose_contact(data, other, account=one.account, whole=True)
    if one.id == two.id:
        raise RequestRefusedError(f"{who!r} and {other!r} are the same contact already")
    return one, two
