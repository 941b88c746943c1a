"""Proposals as cards: one a person, grouped by the day on which they would go out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from zoneinfo import ZoneInfo

from babel import dates
from sqlalchemy.orm import Session

from api_stub.console.i18n import FORMATS
from api_stub.console.review.wording import say_of_text, say_phrase
from api_stub.console.session import SignedIn
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.responses.proposal_words import can_be_approved, describe_last_contact, list_warnings
from db.store.actions.review.proposals import Proposal
from db.store.people import accounts
from db.store.people.namesakes import find_namesakes
from db.store.reports import reviews
from tasks.campaigns.choices import TextChoices, list_choices
from worker.rules.messages.drafts import DraftOption
from worker.rules.messages.text_checks import check_text


@dataclass(frozen=True)
class Card:
    """A proposal with what a person needs to decide; `warnings` and `last_contact` are in their language.

    `address_end` is the last part of the profile address if others have the same name, else empty.
    """

    proposal: Proposal
    choices: TextChoices
    zone: ZoneInfo
    locale: str
    warnings: Sequence[str]
    last_contact: str
    address_end: str

    def date_of(self, instant: datetime) -> str:
        """Return the day of an instant, with its year unless it is this one."""
        on = instant.astimezone(self.zone).date()
        pattern = "MMMMd" if on.year == self.proposal.today.year else "yMMMMd"
        shown: str = dates.format_skeleton(pattern, on, locale=FORMATS[self.locale])
        return shown

    @property
    def can_approve(self) -> bool:
        """Whether it may be approved as it is."""
        return can_be_approved(self.proposal)

    @property
    def sent_on(self) -> date | None:
        """The day on which it goes out if it is approved now; None: too late, or something else stops it."""
        return self.proposal.outlook.reached_on if self.proposal.outlook else None

    @cached_property
    def source(self) -> DraftOption | None:
        """The template that gives exactly this text, or None."""
        return self.choices.find_source(self.proposal.message)

    @property
    def rivals(self) -> Sequence[DraftOption]:
        """The templates of the same language that could have been drawn, this one included."""
        language = self.source.draft.language if self.source else None
        return [each for each in self.choices.options if each.is_fresh and each.draft.language == language]


@dataclass(frozen=True, slots=True)
class Day:
    """The cards of one day of sending, None for those that won't be sent as it stands."""

    on: date | None
    days_ahead: int | None
    cards: Sequence[Card]

    @property
    def to_approve(self) -> Sequence[Card]:
        """The cards that one press approves together."""
        return [card for card in self.cards if card.can_approve]


def build_cards(session: Session, viewer: SignedIn, found: Sequence[Proposal]) -> Sequence[Card]:
    """Return the cards of these proposals, in their order. Reads the forecast of each of their accounts."""
    choices = list_choices(session, [each.id for each in found])
    namesakes = find_namesakes(session, [each.contact_id for each in found])
    zones = {each.name: each.zone for each in accounts.list_accounts(session)}
    return [
        Card(
            proposal=each,
            choices=choices[each.id],
            zone=zones[each.account],
            locale=viewer.locale,
            warnings=_list_warnings(viewer, each, choices[each.id]),
            last_contact=say_phrase(viewer, describe_last_contact(each.last_contact))
            if each.last_contact
            else "",
            address_end=namesakes.get(each.contact_id, ""),
        )
        for each in reviews.add_outlook(session, found, default_late_days=DEFAULT_LATE_DAYS)
    ]


def group_days(cards: Iterable[Card]) -> Sequence[Day]:
    """Return the cards by day of sending, the soonest first; those that won't be sent come last."""
    ordered = sorted(cards, key=lambda card: card.sent_on or date.max)
    return [
        Day(on, (on - them[0].proposal.today).days if on else None, them)
        for on, group in groupby(ordered, key=lambda card: card.sent_on)
        for them in [list(group)]
    ]


def format_day(viewer: SignedIn, on: date) -> str:
    """Return a day without its year, in the viewer's language."""
    shown: str = dates.format_skeleton("MMMMd", on, locale=FORMATS[viewer.locale])
    return shown


def _list_warnings(viewer: SignedIn, proposal: Proposal, choices: TextChoices) -> Sequence[str]:
    """Return what to look at: of the person, and of the text as the check of an edited one says."""
    of_person = [
        say_phrase(viewer, each) for each in list_warnings(proposal, lambda on: format_day(viewer, on))
    ]
    notes = check_text(proposal.message, name=choices.name, past_texts=choices.past_texts).notes
    return [*of_person, *(say_of_text(viewer, each) for each in notes)]
