"""`rapport campaign birthday`: start a birthday campaign, or preview it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.campaigns.start import start_campaign, validate_model
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountArgument,
    AsJson,
    DataDir,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.explain.halts import list_halt_lines
from api_stub.cli.explain.summary_display import render_preview
from api_stub.cli.formatting import (
    create_table,
    folding_text,
    join_counts,
    print_lines,
    print_text,
    short_id,
)
from api_stub.cli.screen.tables import Table
from api_stub.cli.terminal import Console
from api_stub.cli.wording import format_day
from api_stub.explain.site_check import list_site_caveats
from api_stub.request_checks import check_campaign_request
from api_stub.responses.campaign_started import build_campaign_started
from db.store.campaigns.campaigns import CampaignRecord
from db.store.reports import overview
from tasks.contract import BirthdayCampaign
from worker.errors import RequestRefusedError
from worker.rules.languages import describe_unknown_language, is_known_language
from worker.rules.model import ActionState
from worker.rules.wording.reasons import reason_suffix


def birthday(
    account: AccountArgument,
    *,
    late_days: Annotated[
        int, typer.Option(min=0, max=10, help="Also greet birthdays up to this many days ago.")
    ] = 3,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would get which text, and why others get none.")
    ] = False,
    approval: Annotated[
        bool, typer.Option("--approval", help="Each greeting waits for `rapport review`.")
    ] = False,
    fallback_language: Annotated[
        str, typer.Option(help="Language (two letters) for people whose language is not known.")
    ] = "en",
    keep_replies: Annotated[
        bool,
        typer.Option("--keep-replies", help="Also store the texts of replies, not only that people replied."),
    ] = False,
    read_site: Annotated[
        bool, typer.Option(help="Read the site's birthdays page first, or use only the known contacts.")
    ] = True,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Greet the birthdays of today and the last days. Workers do it; this waits for the plan and shows it.

    With --dry-run nothing is planned, sent or counted.
    """
    if not is_known_language(fallback_language):
        raise RequestRefusedError(f"fallback_language: {describe_unknown_language(fallback_language)}")
    request = validate_model(
        BirthdayCampaign, account=account, late_days=late_days, dry_run=dry_run, approval=approval,
        fallback_language=fallback_language, keep_replies=keep_replies, read_site=read_site,
    )  # fmt: skip
    with open_database(data, needs_workers=True) as database:
        with database.transaction() as session:
            record = require_account(session, account)
            check_campaign_request(session, record, request)
        campaign = start_campaign(database, data, request, reading="reading the birthdays page")
        with database.transaction() as session:
            lines = overview.list_campaign_actions(session, campaign.id)
            halted = any(list_halt_lines(session, account))
            caveats = list(list_site_caveats(session, record))
    if as_json:
        print_answer(build_campaign_started(campaign, lines))
        return
    console = Console()
    if campaign.preview is not None:
        console.print(render_preview(campaign.preview, record.zone))
        print_lines(caveats)
        print_text("nothing was planned or sent" + _describe_way_on(campaign.preview, halted=halted))
        return
    console.print(_render_planned(lines))
    print_lines(caveats)
    print_text(_describe_next(account, campaign, lines))


def _describe_way_on(preview: Sequence[Mapping[str, str]], *, halted: bool) -> str:
    """Return how to do what was previewed, unless that would be refused or would do nothing."""
    nobody = all(line["left_out"] or line.get("already") for line in preview)
    return "" if halted or nobody else "; to do it, omit --dry-run"


def _render_planned(lines: Sequence[overview.ActionLine]) -> Table | Text:
    if not lines:
        return Text("nobody has a birthday in this period, or all of them are already planned")
    table = create_table("who", "birthday", "text", "state", texts={"text"})
    for line in lines:
        why = reason_suffix(line.reason)
        table.add_row(
            folding_text(line.contact),
            format_day(line.occasion_on),
            Text(line.message),
            Text(f"{line.state}{why}"),
        )
    return table


def _describe_next(account: str, campaign: CampaignRecord, lines: Sequence[overview.ActionLine]) -> str:
    counts = Counter(line.state for line in lines)
    states = join_counts(counts) or "nothing to do"
    if counts[ActionState.PROPOSED]:
        return f"campaign {short_id(campaign.id)}: {states}; next: `rapport review`"
    return f"campaign {short_id(campaign.id)}: {states}; `rapport why {account}` says what happens when"
