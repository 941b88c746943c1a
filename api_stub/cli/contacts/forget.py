"""`rapport contacts forget`, `allow`: erase a person for good, and undo the block."""

from pathlib import Path
from typing import Annotated

import typer

from api_stub.cli.context import (
    DEFAULT_DATA,
    DataDir,
    get_terminal_user,
    open_database,
    open_session,
)
from api_stub.cli.formatting import format_counts, print_text
from api_stub.cli.lookup import Who, WhoseAccount, choose_person
from api_stub.cli.screen.prompts import require_typed_yes
from api_stub.cli.servers.local_servers import load_settings
from db.store.privacy import erasure, tombstones
from db.store.privacy.erasure import ErasureReport
from worker.errors import RequestRefusedError
from worker.rules.people.addresses import find_profile_site
from worker.screenshots import delete_evidence

_NOT_ERASED = (
    "Not erased: earlier exports, backups and logs; screenshots and traces on other machines and of pages "
    "with several people, which are deleted by age; what Postgres keeps of erased rows until it vacuums "
    "them. Your own words stay too: templates and names of saved searches."
)


def forget_person(
    who: Who,
    account: WhoseAccount = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Erase a person who asked for it, from all accounts of their site, for good.

    Only a hash of the address stays, so that no search, page or import adds the person again. A person who
    is not stored yet can be given by address and is then never collected. While a worker performs an action
    for this person, nothing is changed.
    """
    site, address, name = _resolve_person(data, who, account)
    with open_database(data) as database:
        if not yes:
            require_typed_yes(
                f"This erases all that is known about {name}{address}, in every account of the site. "
                "It can't be undone.",
                "Type yes if this person asked for it",
                refusal="not confirmed, so nothing was erased (--yes skips the question)",
            )
        with database.transaction() as session:
            forgotten = erasure.forget_person(session, site, address)
        # After the commit, because a file can't be rolled back. A second run deletes what was left.
        pictures = delete_evidence(
            load_settings(data).evidence_dir, forgotten.account_ids, forgotten.addresses
        )
    print_text(_describe_erasure(forgotten, pictures))
    print_text(_NOT_ERASED, "dim")


def allow_person(
    address: Annotated[str, typer.Argument(help="The profile address of the person who agreed.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Allow a forgotten person who has agreed to be found again. Erased data doesn't come back."""
    found = find_profile_site(address)
    if found is None:
        raise RequestRefusedError(f"{address!r} isn't a profile address: only that can be allowed again")
    with open_session(data) as session:
        if not tombstones.lift_tombstone(session, *found, by=get_terminal_user()):
            raise RequestRefusedError("nobody with this address was forgotten")
    print_text("this person may be found again")


def _resolve_person(data: Path, who: str, account: str | None) -> tuple[str, str, str]:
    """Return the site and the normalised address of the person, and their name with a comma if it is known.

    A part of a name is never enough, unless the person at the terminal chooses from the list.
    """
    if (given := find_profile_site(who)) is not None:
        return *given, ""
    person = choose_person(
        data, who, account=account, whole=True,
        unknown="somebody who is not stored yet can only be named by profile address",
    )[0]  # fmt: skip
    return person.site, person.profile_url, f"{person.full_name}, "


def _describe_erasure(forgotten: ErasureReport, pictures: int) -> str:
    erased = forgotten.erased
    counts = format_counts(
        (erased.contacts, "contact", "contacts"),
        (erased.actions, "action", "actions"),
        (erased.interactions, "interaction", "interactions"),
        (erased.profiles, "profile", "profiles"),
        (erased.hits, "search result", "search results"),
        (erased.doubts, "uncertain birthday", "uncertain birthdays"),
        (erased.former_values, "former value of imports", "former values of imports"),
        (forgotten.exclusions, "exclusion", "exclusions"),
        (forgotten.mentions, "mention elsewhere", "mentions elsewhere"),
        (pictures, "picture or trace", "pictures and traces"),
    )
    if not counts:
        return (
            "this person was not stored and is never collected"
            if forgotten.new
            else "this person was already forgotten"
        )
    skipped = f"; {forgotten.skipped} of the actions were open and are skipped" if forgotten.skipped else ""
    return f"forgotten: {counts}{skipped}. Nothing adds this person again"
