"""`rapport contacts`: the command group, and do-not-contact."""

from typing import Annotated

import typer

from api_stub.cli.contacts import birthday_doubts, edit, forget, hold, identity, show
from api_stub.cli.context import DEFAULT_DATA, DataDir, get_terminal_user, open_session
from api_stub.cli.formatting import print_text
from api_stub.cli.lookup import Who, WhoseAccount, choose_contact, choose_person
from db.store.people import contacts

app = typer.Typer(help="People known to an account.", no_args_is_help=True)
app.command("list")(show.list_contacts)
app.command("show")(show.show_contact)
app.command("doubts")(birthday_doubts.list_doubts)
app.command("confirm")(birthday_doubts.confirm_doubts)
app.command("refuse")(birthday_doubts.refuse_doubts)
app.command("reopen")(birthday_doubts.reopen_doubts)
app.command("edit")(edit.edit_contact)
app.command("call")(edit.call_contact)
app.command("hold")(hold.hold_contact)
app.command("same")(identity.list_doubts)
app.command("merge")(identity.merge_contacts)
app.command("distinct")(identity.tell_apart)
app.command("address")(identity.set_address)
app.command("forget")(forget.forget_person)
app.command("allow")(forget.allow_person)


@app.command("do-not-contact")
def do_not_contact(
    who: Who,
    account: WhoseAccount = None,
    off: Annotated[bool, typer.Option("--off", help="The person may be contacted again.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Never contact a person, whatever is planned. Checked until right before a click.

    It applies to all accounts that know the person under this address; then `--off` needs the account.
    """
    found = (
        [choose_contact(data, who, account=account, whole=True)]
        if off
        else choose_person(data, who, account=account)
    )
    with open_session(data) as session:
        for person in found:
            contacts.set_do_not_contact(
                session, person.account_id, person.profile_url, value=not off, by=get_terminal_user()
            )
    for person in found:
        outcome = (
            "may be contacted again; what was skipped meanwhile stays skipped"
            if off
            else "is never contacted again; actions planned for them are skipped"
        )
        print_text(f"{person.full_name} (account {person.account}) {outcome}")
