"""The page with the options of a campaign, and the dry run beside them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from babel import Locale
from fastapi import Request, Response
from sqlalchemy.orm import Session

from api_stub.console.campaigns import wording
from api_stub.console.campaigns.dry_runs import DryRun
from api_stub.console.campaigns.obstacles import describe_halt
from api_stub.console.campaigns.option_errors import GENERAL
from api_stub.console.campaigns.option_fields import Typed, to_typed
from api_stub.console.i18n import load_texts
from api_stub.console.page import render
from api_stub.console.session import SignedIn
from db.store.campaigns import saved_searches, templates
from db.store.people.accounts import AccountRecord
from db.store.reports import halts
from tasks.contract import CAMPAIGN_OPTIONS
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import Criterion
from worker.rules.sourcing.scoring import DEFAULT_WEIGHTS

_DEFAULTS: Final[Mapping[CampaignKind, Mapping[str, Any]]] = {
    # Who starts one here can also look at the texts here.
    CampaignKind.BIRTHDAY: {**CAMPAIGN_OPTIONS[CampaignKind.BIRTHDAY]().dump_options(), "approval": True},
    CampaignKind.VISITOR: {"not_seen_months": 12, "limit": 100, "no_repeat_days": 30, "stop_after": 3},
    CampaignKind.SOURCING: {"limit": 100, "no_repeat_days": 30, "stop_after": 3},
    CampaignKind.INVITATIONS: CAMPAIGN_OPTIONS[CampaignKind.INVITATIONS]().dump_options(),
}


def fill_form(kind: CampaignKind, saved_search: str | None = None) -> Typed:
    """Return the fields of a new form; with a saved search, this one is chosen."""
    if saved_search is not None:
        return to_typed({**_DEFAULTS[kind], "not_seen_months": None, "saved_search": saved_search}, kind)
    return to_typed(_DEFAULTS[kind], kind)


def render_form(
    request: Request,
    viewer: SignedIn,
    session: Session,
    kind: CampaignKind,
    *,
    account: AccountRecord,
    typed: Typed,
    campaign_id: str = "",
    dry_run: DryRun | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    everybody: Sequence[AccountRecord] = (),
) -> Response:
    """Return the page. `campaign_id` is what the form was made with; a new form gets its own."""
    texts = load_texts(viewer.locale)
    return render(
        request,
        viewer,
        "campaigns/new.html",
        status=status,
        kinds=wording.KINDS,
        purposes=wording.PURPOSES,
        accounts=everybody,
        typed=typed,
        campaign_id=campaign_id or str(uuid4()),
        halted=[describe_halt(halt, texts) for halt in halts.list_halts(session, account)],
        **list_choices(session, account, typed, viewer.locale),
        **dry_run_values(kind, account, dry_run, errors or {}),
    )


def list_choices(session: Session, account: AccountRecord, typed: Typed, locale: str) -> dict[str, Any]:
    """Return what can be chosen in the fields: languages, saved searches, criteria."""
    usable = {template.language for template in templates.list_usable_templates(session, account.id)}
    names = Locale(locale).languages
    searches = [search.name for search in saved_searches.list_saved_searches(session, account=account.name)]
    return {
        "languages": [
            (code, names.get(code, code))
            for code, _ in _to_choices(sorted(usable | {"en"}), typed.get("fallback_language"))
        ],
        "saved": _to_choices(searches, typed.get("saved_search")),
        "criteria": wording.CRITERIA,
        "default_weights": DEFAULT_WEIGHTS,
        "criterion_names": list(Criterion),
    }


def _to_choices(names: Sequence[str], given: str | None) -> list[tuple[str, str]]:
    """Return names as choices, with the one that was given before even if it is no longer among them."""
    return [(name, name) for name in (*names, *([given] if given and given not in names else []))]


def dry_run_values(
    kind: CampaignKind, account: AccountRecord, dry_run: DryRun | None, errors: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of the part with the dry run."""
    return {
        "kind": kind,
        "account": account,
        "dry_run": dry_run,
        "errors": errors,
        "general_error": errors.get(GENERAL, ""),
        "criteria_names": wording.CRITERIA,
        "section_names": wording.SECTIONS,
        "state_names": wording.STATES,
    }
