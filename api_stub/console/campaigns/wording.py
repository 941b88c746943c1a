"""The words for campaigns: kinds, progress, searches. Templates translate them."""

from collections.abc import Mapping
from typing import Final

from worker.rules.invitations import Verdict
from worker.rules.model import ActionState, CampaignKind, SearchEnd
from worker.rules.reports.campaign_progress import CampaignProgress
from worker.rules.sourcing.criteria import Criterion
from worker.rules.sourcing.profile import Section


def _(text: str) -> str:
    """Mark a text for the catalogue."""
    return text


KINDS: Final[Mapping[CampaignKind, str]] = {
    CampaignKind.BIRTHDAY: _("Birthday greetings"),
    CampaignKind.VISITOR: _("Profile visits"),
    CampaignKind.SOURCING: _("People search"),
    CampaignKind.INVITATIONS: _("Old invitations"),
}
PURPOSES: Final[Mapping[CampaignKind, str]] = {
    CampaignKind.BIRTHDAY: _("Greet the people whose birthday it is, each with a text of yours."),
    CampaignKind.VISITOR: _("Open the profiles of people, so that they see that you came by."),
    CampaignKind.SOURCING: _("Search for people, read their profiles and rank them by your criteria."),
    CampaignKind.INVITATIONS: _("Withdraw invitations that nobody has answered for long."),
}
PROGRESS: Final[Mapping[CampaignProgress, tuple[str, str]]] = {
    CampaignProgress.READING: (_("reading the site"), ""),
    CampaignProgress.DRY_RUN: (_("dry run"), ""),
    CampaignProgress.NOTHING_TO_DO: (_("nothing to do"), ""),
    CampaignProgress.WAITING_FOR_APPROVAL: (_("waits for your approval"), "warn"),
    CampaignProgress.RUNNING: (_("running"), "good"),
    CampaignProgress.NEEDS_REVIEW: (_("needs your decision"), "warn"),
    CampaignProgress.FINISHED: (_("finished"), "good"),
    CampaignProgress.PAUSED: (_("paused"), "warn"),
    CampaignProgress.CANCELLED: (_("cancelled"), ""),
    CampaignProgress.FAILED: (_("failed"), "bad"),
}
"""The words for the progress, and the style of its badge."""

STATES: Final[Mapping[ActionState, tuple[str, str]]] = {
    ActionState.PROPOSED: (_("waits for your approval"), "warn"),
    ActionState.PLANNED: (_("planned"), ""),
    ActionState.QUEUED: (_("next"), ""),
    ActionState.CLAIMED: (_("a worker has it"), ""),
    ActionState.ACTING: (_("under way"), "good"),
    ActionState.UNCERTAIN: (_("uncertain: a worker looks"), "warn"),
    ActionState.DONE: (_("done"), "good"),
    ActionState.FAILED: (_("failed"), "bad"),
    ActionState.SKIPPED: (_("left out"), ""),
    ActionState.NEEDS_REVIEW: (_("needs your decision"), "warn"),
}
SEARCH_ENDS: Final[Mapping[SearchEnd, str]] = {
    SearchEnd.LIMIT: _("it has found as many people as it may"),
    SearchEnd.NO_MORE_PAGES: _("the site has no more pages"),
    SearchEnd.NO_NEWS: _("the last pages had nobody to visit"),
    SearchEnd.FAILED: _("a page could not be read"),
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.WITHDRAW: _("would be withdrawn"),
    Verdict.PLANNED: _("is planned already"),
    Verdict.TRIED: _("was tried this week"),
    Verdict.TOO_YOUNG: _("too recent"),
    Verdict.OVER_LIMIT: _("old enough, but more than the limit"),
}
CRITERIA: Final[Mapping[Criterion, str]] = {
    Criterion.KEYWORDS: _("Keywords"),
    Criterion.TITLE: _("Title"),
    Criterion.LOCATION: _("Place"),
    Criterion.COMPANY: _("Company"),
    Criterion.SKILLS: _("Skills"),
    Criterion.YEARS: _("Years of experience"),
    Criterion.LANGUAGES: _("Languages"),
    Criterion.OPEN_TO_WORK: _("Open to work"),
}
SECTIONS: Final[Mapping[Section, str]] = {
    Section.ABOUT: _("introduction"),
    Section.POSITIONS: _("jobs"),
    Section.EDUCATION: _("education"),
    Section.SKILLS: _("skills"),
    Section.LANGUAGES: _("languages"),
    Section.CERTIFICATIONS: _("certificates"),
}
