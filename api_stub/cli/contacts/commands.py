"""`rapport contacts`: who is never to be contacted."""

from typing import Annotated

import typer

from api_stub.cli.contacts import birthday_doubts, forget, show
from api_stub.cli.context import DEFAULT_DATA, DataDir, opened
from api_stub.cli.formatting import say
from api_stub.cli.why import ambiguous
from db.store.people import contacts
from worker.errors import RequestRefusedError

app = typer.Typer(help="People known to an account.", no_args_is_help=True)
app.command("list")(show.show_all)
app.command("show")(show.show)
app.command("doubts")(birthday_doubts.show)
app.command("confirm")(birthday_doubts.confirm)
app.command("refuse")(birthday_doubts.refuse)
app.command("forget")(forget.forget_person)
app.command("allow")(forget.allow)


@app.command("do-not-contact")
def do_not_contact(
    address: Annotated[
        str, typer.Argument(help="The person's profile address, its last part, or their whole name.")
    ],
    account: Annotated[str | None, typer.Option(help="Only in this account.")] = None,
    off: Annotated[bool, typer.Option("--off", help="The person may be contacted again.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Never contact a person, whatever is planned. Wins over everything, up to the moment before a click.

    A person whom several accounts know under one address is left alone by all of them; `--off` asks for
    the account then.
    """
    with opened(data) as database, database.transaction() as session:
        found = contacts.matching(session, address, account=account)
        if not found:
            raise RequestRefusedError(
                f"no account knows {address!r}: only somebody whom a campaign has read, or an import has "
                "brought in, can be marked"
            )
        if len({person.profile_url for person in found}) > 1 or (off and len(found) > 1):
            raise RequestRefusedError(ambiguous(address, found))
        for person in found:
            contacts.set_do_not_contact(session, person.account_id, person.profile_url, value=not off)
    for person in found:
        said = (
            "may be contacted again; what was skipped meanwhile stays skipped"
            if off
            else "is never contacted; what is planned for them is skipped when its turn comes"
        )
        say(f"{person.full_name} (account {person.account}) {said}")
