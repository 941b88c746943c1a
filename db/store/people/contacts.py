"""Contacts: the people an account knows, keyed by normalised profile address."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, case, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people import changes, import_lock
from db.tables import Contact, Exclusion
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_occasion, recent_birthdays
from worker.rules.messages.drafts import Addressee
from worker.rules.messages.personal_values import NOTHING_KNOWN, PersonalValues, personal_values
from worker.rules.model import ActionState, Birthday, BirthdayCard, ContactStatus


@dataclass(frozen=True, slots=True)
class DueBirthday:
    """A contact whose birthday is celebrated on `on`. `left_out` is why the person is not greeted, or None.

    `planned_as` is the state of the existing action for this birthday. `texts` are the account's recent
    messages to the person, oldest first. `values` are for the optional fields of templates. `held_until` is
    when the hold on the person ends, None without one.
    """

    contact_id: int
    profile_url: str
    full_name: str
    language: str | None
    call_by: str | None
    location: str | None
    on: date
    left_out: Reason | None
    planned_as: ActionState | None
    texts: tuple[str, ...]
    values: PersonalValues = NOTHING_KNOWN
    held_until: datetime | None = None
    birth_year: int | None = None

    @property
    def addressee(self) -> Addressee:
        """The person as the recipient of a message."""
        return Addressee(
            self.contact_id, self.full_name, self.language, self.call_by, self.location, self.values
        )


def save_birthdays(session: Session, account_id: int, cards: Iterable[BirthdayCard]) -> int:
    """Upsert the people of a birthdays page: name, birthday and status; return how many were stored.

    The page lists connections only, so they become CONNECTED. A site shows 29 February as the 28th in other
    years, so a stored 29 February stays. People with a tombstone are skipped. Waits for a running import,
    whose exclusions must apply to these people as well.
    """
    people = {
        card.profile_url: {
            "account_id": account_id,
            "profile_url": card.profile_url,
            "full_name": card.full_name,
            "birth_month": card.on.month,
            "birth_day": card.on.day,
        }
        for card in cards
    }
    if not people:
        return 0
    import_lock.lock_out_imports(session, account_id)
    statement = insert(Contact).values([people[address] for address in sorted(people)])
    fresh = statement.excluded
    leap_child_on_28th = and_(
        Contact.birth_month == 2, Contact.birth_day == 29, fresh.birth_month == 2, fresh.birth_day == 28
    )
    stored = session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "profile_url"],
            set_={
                "full_name": fresh.full_name,
                "status": ContactStatus.CONNECTED,
                "birth_month": fresh.birth_month,
                "birth_day": case((leap_child_on_28th, Contact.birth_day), else_=fresh.birth_day),
            },
        ).returning(Contact.id)
    )
    return len(stored.all())


def list_due_birthdays(
    session: Session, account_id: int, today: date, late_days: int, *, texts_since: datetime | None = None
) -> Sequence[DueBirthday]:
    """Return the contacts with a birthday today or at most `late_days` days ago, latest birthday first.

    db/queries/due_birthdays.sql decides who that is. DueBirthday.texts are those since `texts_since`.
    Without it there are neither texts nor values, which take longest to read.
    """
    days = recent_birthdays(today, late_days)
    rows = session.execute(
        load_query("due_birthdays"),
        {
            "account_id": account_id,
            "months": [birthday.month for birthday in days],
            "days": [birthday.day for birthday in days],
            "dates": list(days.values()),
            "occasions": [birthday_occasion(on) for on in days.values()],
            "texts_since": texts_since,
        },
    ).all()
    return [
        DueBirthday(
            contact_id, profile_url, full_name, language, call_by, location, on,
            left_out=Reason(left_out) if left_out else None,
            planned_as=ActionState(planned_as) if planned_as else None,
            texts=tuple(texts or ()),
            values=(
                NOTHING_KNOWN
                if texts_since is None
                else personal_values(profile, connected_on=connected_on, today=today)
            ),
            held_until=held_until,
            birth_year=birth_year,
        )
        for (
            contact_id, profile_url, full_name, language, call_by, location, connected_on, birth_year, on,
            left_out, held_until, planned_as, profile, texts,
        ) in rows  # by place: by name takes twice as long, for thousands
    ]  # fmt: skip


def get_addressee(session: Session, contact_id: int, today: date) -> Addressee:
    """Return a contact as the recipient of a message that is written `today`, a day of the account."""
    return _addressee(session.scalars(select(Contact).where(Contact.id == contact_id)).one(), today)


def get_addressees(session: Session, contact_ids: Collection[int], today: date) -> Mapping[int, Addressee]:
    """Return contacts as `get_addressee` does, by id."""
    rows = session.scalars(select(Contact).where(Contact.id.in_(contact_ids)))
    return {row.id: _addressee(row, today) for row in rows}


def list_addressees(session: Session, account_id: int, today: date, *, limit: int) -> Sequence[Addressee]:
    """Return connections of the account as recipients, those with the most known of them first."""
    known = func.num_nonnulls(
        Contact.profile["company"].astext,
        func.coalesce(Contact.profile["headline"].astext, Contact.profile["position"].astext),
        Contact.profile["location"].astext,
        Contact.connected_on,
    )
    rows = session.scalars(
        select(Contact)
        .where(
            Contact.account_id == account_id,
            Contact.status == ContactStatus.CONNECTED,
            Contact.do_not_contact.is_(False) & Contact.forgotten_at.is_(None),
        )
        .order_by(known.desc(), Contact.id)
        .limit(limit)
    )
    return [_addressee(row, today) for row in rows]


def list_first_addressees(
    session: Session, account_id: int, today: date, *, limit: int
) -> Sequence[Addressee]:
    """Return the first connections of the account as recipients. Unlike `list_addressees`, read no others."""
    rows = session.scalars(
        select(Contact)
        .where(
            Contact.account_id == account_id,
            Contact.status == ContactStatus.CONNECTED,
            Contact.do_not_contact.is_(False) & Contact.forgotten_at.is_(None),
        )
        .order_by(Contact.id)
        .limit(limit)
    )
    return [_addressee(row, today) for row in rows]


def _addressee(row: Contact, today: date) -> Addressee:
    values = personal_values(row.profile, connected_on=row.connected_on, today=today)
    location = row.profile.get("location")
    return Addressee(row.id, row.full_name, row.language, row.call_by, location, values)


def rename_contact(session: Session, contact_id: int, full_name: str) -> None:
    """Bring the stored name up to date with the one that the site shows."""
    session.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.full_name != full_name, Contact.forgotten_at.is_(None))
        .values(full_name=full_name)
    )


def get_account_id(session: Session, contact_id: int) -> int:
    """Return the account that knows the contact. Raises NoResultFound for an unknown id."""
    return session.scalars(select(Contact.account_id).where(Contact.id == contact_id)).one()


def get_birthday(session: Session, contact_id: int) -> Birthday | None:
    """Return a contact's birthday, or None."""
    found = select(Contact.birth_month, Contact.birth_day).where(Contact.id == contact_id)
    month, day = session.execute(found).one()
    return None if month is None or day is None else Birthday(month, day)


def mark_not_connected(session: Session, contact_id: int) -> None:
    """Mark the person as not connected, as the site showed; a later birthdays page marks them connected."""
    session.execute(
        update(Contact).where(Contact.id == contact_id).values(status=ContactStatus.NOT_CONNECTED)
    )


def mark_connected(session: Session, contact_ids: Collection[int]) -> None:
    """Mark people as connected again: what the site showed was not about them."""
    session.execute(
        update(Contact)
        .where(Contact.id.in_(contact_ids), Contact.forgotten_at.is_(None))
        .values(status=ContactStatus.CONNECTED)
        .execution_options(synchronize_session=False)
    )


def set_do_not_contact(session: Session, account_id: int, profile_url: str, *, value: bool, by: str) -> bool:
    """Set or clear do-not-contact for a person; return False if the account has no such contact.

    An exclusion of the address is stored as well, so that it survives if undoing an import deletes the
    contact and the person is added again. Clearing deletes the exclusions of the address and of the name, and
    holds over files by which the person has died.
    """
    made = func.coalesce(Contact.by_hand, cast({}, JSONB)).op("-")("allowed")
    by_hand = func.nullif(made, cast({}, JSONB)) if value else made.op("||")(cast({"allowed": True}, JSONB))
    found = session.execute(
        update(Contact)
        .where(Contact.account_id == account_id, Contact.profile_url == profile_url)
        .values(do_not_contact=value, by_hand=by_hand)
        .returning(Contact.id, Contact.name_key)
    ).first()
    if found is None:
        return False
    changes.record_change(session, found.id, changes.NEVER if value else changes.ALLOW, by=by)
    if value:
        by_a_person = insert(Exclusion).values(account_id=account_id, profile_url=profile_url)
        session.execute(
            by_a_person.on_conflict_do_update(
                constraint="uq_exclusions_account_id_profile_url_name_key_occasion", set_={"import_id": None}
            )
        )
    else:
        session.execute(
            delete(Exclusion).where(
                Exclusion.account_id == account_id,
                Exclusion.occasion.is_(None),
                or_(Exclusion.profile_url == profile_url, Exclusion.name_key == found.name_key),
            )
        )
    return True
