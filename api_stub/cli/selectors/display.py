"""Show what a check found: on a terminal, and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from api_stub.cli.formatting import create_table, folding_text, print_lines, print_text
from api_stub.cli.screen.tables import Table
from api_stub.cli.selectors.checking import CheckResult
from api_stub.cli.terminal import Console
from db.store.people.accounts import AccountRecord
from worker.browser.check_report import (
    CrossCheck,
    Fact,
    Finding,
    MarkReport,
    PageReport,
    Place,
    Sight,
    list_facts,
)
from worker.rules.sites.capabilities import SENDING, Capability, Verdict

_STYLES: Final = {Verdict.OK: "green", Verdict.DRIFT: "bold red", Verdict.UNKNOWN: "yellow"}
_CAPABILITIES: Final[Mapping[Capability, str]] = {
    Capability.SIGNED_IN: "know that you are signed in",
    Capability.BIRTHDAYS: "read birthdays",
    Capability.PROFILE: "read profiles",
    Capability.SEARCH: "read people searches",
    Capability.INVITATIONS: "read sent invitations",
    Capability.INBOX: "read the inbox",
    Capability.RECIPIENT: "send: know the recipient",
    Capability.COMPOSER: "send: find the composer",
    Capability.SEND_BUTTON: "send: find the send button",
    Capability.OWN_OR_OTHER: "send: tell your messages from theirs",
    Capability.SERVER_ID: "send: prove what was sent",
    Capability.WITHDRAW: "withdraw invitations",
}
_FACTS: Final[Mapping[Fact, str]] = {
    Fact.ENTER_SENDS: (
        "the site sends a message when Enter is pressed and shows no send button; Rapport never presses it: "
        'choose "Click Send" in the menu beside the composer, then check again'
    ),
    Fact.LANGUAGE_UNSUPPORTED: (
        "the site's language is not one that Rapport knows; dates and late birthdays can't be read in it: "
        "choose English, French, German, Spanish or Polish in the site's settings"
    ),
    Fact.PREMIUM_WALL: (
        "the site offers no message to this person, or offers Premium instead: they are not a connection, or "
        "the site holds the account back. Check with a person to whom you have written before"
    ),
    Fact.OPEN_OVERLAYS: (
        "chats are open on the page: close them on the site. Rapport leaves them alone, but stops when it "
        "can't tell them apart"
    ),
    Fact.NO_MESSAGES: (
        "the conversation shows no messages, so what proves a message was not seen: check with a person to "
        "whom you have written before"
    ),
}


def print_result(account: AccountRecord, result: CheckResult) -> None:
    """Print each page with its marks and cross-checks, then the verdicts and what the person must know."""
    console = Console()
    for page in result.pages:
        console.print(Text(f"\n{page.name}", "bold"))
        print_lines([describe_page(page)])
        if page.marks:
            console.print(_render_marks(page.marks))
        if page.checks:
            console.print(_render_checks(page.checks))
    print_text("")
    console.print(_render_findings(result.findings))
    print_lines(_FACTS[fact] for fact in list_facts(result.pages))
    print_text(_conclude(account, result))


def describe_page(page: PageReport) -> str:
    """Return what opened, in one line."""
    parts = [
        page.asked if page.final in {"", page.asked.partition("?")[0]} else f"{page.asked} → {page.final}"
    ]
    if page.status is not None:
        parts.append(f"HTTP {page.status}")
        parts += [each for each in (page.language, page.front_end) if each]
        parts.append(f"{page.seconds:.1f} s")
    if page.trouble is not None:
        parts.append(page.trouble_text or "not opened")
    return ", ".join(parts)


def _render_marks(marks: Sequence[MarkReport]) -> Table:
    table = create_table("mark", "found", "form", "where")
    for mark in marks:
        sight = describe_sight(mark)
        missed = mark.sight is not Sight.SHOWN
        cell = Text(sight, _STYLES[Verdict.DRIFT] if missed and mark.needed_by else "dim" if missed else "")
        found = mark.found
        where = "" if found is None or found.place is Place.PAGE else str(found.place)
        table.add_row(mark.name, cell, found.version if found else "", where)
    return table


def describe_sight(mark: MarkReport) -> str:
    """Return how a mark was found: "shown 10, hidden 2"."""
    found = mark.found
    if found is None:
        return str(Sight.MISSING)
    counts = [(found.shown, Sight.SHOWN), (found.hidden, Sight.HIDDEN)]
    return ", ".join(f"{sight} {count}" for count, sight in counts if count)


def _render_checks(checks: Sequence[CrossCheck]) -> Table:
    table = create_table("comparison", "verdict", "found", folds_last=True)
    for check in checks:
        table.add_row(check.name, _render_verdict(check.verdict), folding_text(check.text or check.detail))
    return table


def _render_verdict(verdict: Verdict) -> Text:
    return Text(str(verdict), _STYLES[verdict])


def _render_findings(findings: Sequence[Finding]) -> Table:
    table = create_table("capability", "verdict", "because", folds_last=True)
    for each in findings:
        cells = (
            _CAPABILITIES[each.capability],
            _render_verdict(each.verdict),
            folding_text(each.because or ""),
        )
        table.add_row(*cells)
    return table


def _conclude(account: AccountRecord, result: CheckResult) -> str:
    wall = next((page for page in result.pages if page.is_wall), None)
    if wall is not None:
        return f"the check ended at a wall: {wall.trouble_text}. `rapport why {account.name}` says what to do"
    if found_anything(result):
        return (
            "drift: a page is not as Rapport knows it, and what needs it waits. `rapport selectors check "
            f"{account.name} --report FILE` writes a report without texts, names and ids, for an issue"
        )
    proven = {each.capability for each in result.findings if each.verdict is Verdict.OK}
    if proven >= SENDING:
        return f"everything that a message needs was found; `rapport why {account.name}` says what comes next"
    return (
        f"no drift, but sending was not proven: `rapport selectors check {account.name} --profile ADDRESS "
        "--compose` opens the page that writes to a connection, and types nothing"
    )


def build_answer(account: AccountRecord, result: CheckResult) -> Mapping[str, Any]:
    """Return the result for `--json`."""
    return {
        "account": account.name,
        "site": account.site,
        "pages": [_build_page(page) for page in result.pages],
        "verdicts": [
            {"capability": each.capability, "verdict": each.verdict, "because": each.because,
             "front_end": each.front_end, "language": each.language}
            for each in result.findings
        ],
        "facts": list_facts(result.pages),
    }  # fmt: skip


def _build_page(page: PageReport) -> Mapping[str, Any]:
    return {
        "name": page.name, "asked": page.asked, "final": page.final or None, "status": page.status,
        "title": page.title, "language": page.language, "front_end": page.front_end,
        "seconds": round(page.seconds, 1), "trouble": page.trouble,
        "marks": [
            {"name": mark.name, "sight": mark.sight, "needed_by": sorted(mark.needed_by),
             "forms": [
                 {"version": form.version, "shown": form.shown, "hidden": form.hidden, "place": form.place}
                 for form in mark.forms
             ]}
            for mark in page.marks
        ],
        "checks": [
            {"name": check.name, "verdict": check.verdict, "detail": check.detail,
             "needed_by": sorted(check.needed_by)}
            for check in page.checks
        ],
    }  # fmt: skip


def found_anything(result: CheckResult) -> bool:
    """Return whether a page has changed, or asked for a person."""
    drift = any(each.verdict is Verdict.DRIFT for each in result.findings)
    return drift or any(page.is_wall for page in result.pages)
