"""`rapport contacts`: the command group, and do-not-contact."""

from typing import Annotated

import typer

from api_stub.cli.contacts import birthday_doubts, forget, show
from api_stub.cli.context import DEFAULT_DATA, DataDir, describe_ambiguity, open_session
from api_stub.cli.formatting import print_text
from db.store.people import contacts
from worker.errors import RequestRefusedError

app = typer.Typer(help="People known to an account.", no_args_is_help=True)
app.command("list")(show.list_contacts)
app.command("show")(show.show_contact)
app.command("doubts")(birthday_doubts.list_doubts)
app.command("confirm")(birthday_doubts.confirm_doubts)
app.command("refuse")(birthday_doubts.refuse_doubts)
app.command("forget")(forget.forget_person)
app.command("allow")(forget.allow_person)


@app.command("do-not-contact")
def do_not_contact(
    address: Annotated[
        str, typer.Argument(help="The person's profile address, its last part, or their whole name.")
    ],
    account: Annotated[str | None, typer.Option(help="Only in this account.")] = None,
    off: Annotated[bool, typer.Option("--off", help="The person may be contacted again.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Never contact a person, whatever is planned. Checked until right before a click.

    It applies to all accounts that know the person under this address; then `--off` needs the account.
    """
    with open_session(data) as session:
        found = contacts.find_contacts(session, address, account=account)
        if not found:
            raise RequestRefusedError(
                f"no account knows {address!r}: only somebody whom a campaign has read, or an import has "
                "brought in, can be marked"
            )
        if len({person.profile_url for person in found}) > 1 or (off and len(found) > 1):
            raise RequestRefusedError(describe_ambiguity(address, found))
        for person in found:
            contacts.set_do_not_contact(session, person.account_id, person.profile_url, value=not off)
    for person in found:
        outcome = (
            "may be contacted again; what was skipped meanwhile stays skipped"
            if off
            else "is never contacted; what is planned for them is skipped when its turn comes"
        )
        print_text(f"{person.full_name} (account {person.account}) {outcome}")
