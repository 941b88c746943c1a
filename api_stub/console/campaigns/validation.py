"""Check the options of a form as the task, HTTP and the command line do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Final, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api_stub.console.campaigns import option_errors
from api_stub.console.campaigns.option_fields import FIELDS, SOURCES, Typed, to_options
from api_stub.request_checks import check_campaign_request
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from tasks.contract import (
    AnyCampaignRequest,
    BirthdayCampaign,
    BirthdayOptions,
    CampaignOptions,
    InvitationsCampaign,
    SourcingCampaign,
    VisitorCampaign,
)
from worker.errors import RequestRefusedError
from worker.rules.languages import is_known_language
from worker.rules.model import CampaignKind

REQUESTS: Final[Mapping[CampaignKind, type[AnyCampaignRequest]]] = {
    request.kind: request
    for request in (BirthdayCampaign, VisitorCampaign, SourcingCampaign, InvitationsCampaign)
}

Options = TypeVar("Options", bound=CampaignOptions)


@dataclass(frozen=True, slots=True)
class CheckedOptions(Generic[Options]):
    """Valid options with the search of the campaign, if it has one; or the errors by field."""

    options: Options | None = None
    search: SearchSpec | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def check_options(
    session: Session,
    account: AccountRecord,
    model: type[Options],
    typed: Typed,
    *,
    texts: NullTranslations,
    others: Mapping[str, object] | None = None,
) -> CheckedOptions[Options]:
    """Return the options of a form. `others` are fields of the model that no person types."""
    kind = model.kind
    if missing := _find_missing_source(kind, typed, texts):
        return CheckedOptions(errors=missing)
    fields = FIELDS[kind]
    try:
        options = model.model_validate({**to_options(typed, kind), **(others or {})})
    except ValidationError as error:
        return CheckedOptions(errors=option_errors.list_errors(error, fields, texts))
    if isinstance(options, BirthdayOptions) and not is_known_language(options.fallback_language):
        unknown = texts.gettext("two letters of a language, such as en or fr")
        return CheckedOptions(errors={"fallback_language": unknown})
    try:
        search = check_campaign_request(session, account, options)
    except RequestRefusedError as refusal:
        return CheckedOptions(errors=option_errors.place_refusal(refusal, fields))
    return CheckedOptions(options, search)


def _find_missing_source(kind: CampaignKind, typed: Typed, texts: NullTranslations) -> Mapping[str, str]:
    """Return what must be filled in for the source that was chosen."""
    if kind not in SOURCES:
        return {}
    chosen = typed.get("source", "")
    if chosen not in SOURCES[kind]:
        return {"source": texts.gettext("choose one of these")}
    if chosen in FIELDS[kind] and not typed.get(chosen):
        return {chosen: texts.gettext("fill this in, or choose another way")}
    return {}
