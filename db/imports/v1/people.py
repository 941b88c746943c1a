"""The contacts that an import finds, adds and changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    cast,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.imports.v1.records import Person, PersonRef, ProfileJson
from db.store.people import addresses as contact_addresses
from db.tables import NAME_KEY, Contact, ImportChange
from worker.rules.model import ContactStatus


@dataclass(frozen=True, slots=True)
class ContactValues:
    """The columns of a contact that an import may change."""

    full_name: str
    status: str
    score: int | None
    profile: ProfileJson
    do_not_contact: bool
    last_greeted_on: date | None


NO_VALUES: Final = ContactValues(
    "", ContactStatus.PROSPECT, None, {}, do_not_contact=False, last_greeted_on=None
)


def is_any_of(column: InstrumentedAttribute[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a text column has one of the values, as one array parameter."""
    return column == any_(_text_array(values))


def _text_array(values: Iterable[str]) -> ColumnElement[Any]:
    return cast(literal(sorted(values), ARRAY(Text)), ARRAY(Text))


def merge_person(known: ContactValues, person: Person) -> ContactValues:
    """Return `known` with the row's values where it has none. A status is only upgraded to CONNECTED."""
    upgraded = known.status == ContactStatus.PROSPECT and person.status is ContactStatus.CONNECTED
    return replace(
        known,
        full_name=known.full_name or person.full_name,
        status=person.status if upgraded else known.status,
        score=known.score if known.score is not None else person.score,
        profile={**person.profile, **known.profile},
    )


@dataclass(slots=True)
class HeldContact:
    """One locked contact during the import; `before` has the values in the database."""

    id: int
    address: str
    new: bool
    before: ContactValues
    after: ContactValues

    def set_greeted_on(self, on: date) -> None:
        """Set the last greeting to `on`, unless it is later already."""
        last = self.after.last_greeted_on
        self.after = replace(self.after, last_greeted_on=on if last is None else max(last, on))

    def set_do_not_contact(self) -> bool:
        """Set do-not-contact; return whether it was not set before."""
        was_set, self.after = self.after.do_not_contact, replace(self.after, do_not_contact=True)
        return not was_set

    def changed_values(self) -> Mapping[str, Any]:
        """Return the changed columns with their new values."""
        before = asdict(self.before)
        return {name: value for name, value in asdict(self.after).items() if value != before[name]}

    def former_values(self) -> Mapping[str, Any]:
        """Return the changed columns with their former values, as JSON."""
        before = asdict(self.before)
        former = {name: before[name] for name in self.changed_values()}
        last = before["last_greeted_on"]
        if "last_greeted_on" in former and last:
            former["last_greeted_on"] = last.isoformat()
        return former


class HeldContacts:
    """The contacts of one account that a file refers to, locked until the import ends."""

    def __init__(self, session: Session, account_id: int, import_id: int) -> None:
        self._session = session
        self._account_id = account_id
        self._import_id = import_id
        self._keys: Mapping[str, str] = {}
        self._stored: Mapping[str, str] = {}
        self.by_address: Mapping[str, HeldContact] = {}
        self._by_key: dict[str, dict[int, HeldContact]] = {}

    def lock(self, persons: Sequence[Person], others: Collection[PersonRef]) -> None:
        """Add the missing contacts, and lock all that the rows refer to by address or by name."""
        self._keys = self._name_keys(
            {w.name for w in others if w.name} | {p.full_name for p in persons} - {""}
        )
        given = {p.address for p in persons} | {w.address for w in others if w.address}
        self._stored = contact_addresses.resolve_addresses(self._session, self._account_id, given)
        made = self._add_missing(persons)
        addresses = {self._stored.get(address, address) for address in given}
        rows = self._session.scalars(
            select(Contact)
            .where(
                Contact.account_id == self._account_id,
                or_(
                    is_any_of(Contact.profile_url, addresses),
                    is_any_of(Contact.name_key, set(self._keys.values())),
                ),
            )
            .order_by(Contact.id)
            .with_for_update(key_share=True)  # weaker than for update: a worker can still insert interactions
            .execution_options(populate_existing=True)
        ).all()
        held = [(row.name_key, _to_held(row, new=row.id in made)) for row in rows]
        self.by_address = {each.address: each for _, each in held}
        for key, each in held:
            self._index_name(key, each)
        for person in persons:  # V1 may know somebody by another name
            each = self.by_address[self._stored.get(person.address, person.address)]
            each.after = merge_person(each.after, person)
            self._index_name(self._keys.get(person.full_name, ""), each)

    def get_name_key(self, name: str) -> str:
        """Return the name key of a name, as Postgres computes it for contacts.name_key."""
        return self._keys[name]

    def list_named(self, name: str | None) -> Sequence[HeldContact]:
        """Return everybody with that name, in the database or in V1's file."""
        return list(self._by_key.get(self._keys.get(name or "", ""), {}).values())

    def find(self, person: PersonRef) -> HeldContact | None:
        """Return the contact with the address, else the only contact with the name, or None."""
        if person.address is not None:
            return self.by_address.get(self._stored.get(person.address, person.address))
        found = self.list_named(person.name)
        return found[0] if len(found) == 1 else None

    def write(self) -> None:
        """Write the changed contacts, and the former values of those that existed before the import."""
        changed = [each for each in self.by_address.values() if each.before != each.after]
        before = [
            {"import_id": self._import_id, "contact_id": each.id, "before": each.former_values()}
            for each in changed
            if not each.new
        ]
        if before:
            self._session.execute(insert(ImportChange), before)
        if changed:
            self._session.execute(
                update(Contact), [{"id": each.id, **each.changed_values()} for each in changed]
            )

    def _index_name(self, key: str, each: HeldContact) -> None:
        if key:
            self._by_key.setdefault(key, {})[each.id] = each

    def _name_keys(self, names: Collection[str]) -> Mapping[str, str]:
        listed = func.unnest(_text_array(names)).table_valued("full_name", name="names").render_derived()
        rows = self._session.execute(select(listed.c.full_name, literal_column(NAME_KEY)).select_from(listed))
        return {row[0]: row[1] for row in rows}

    def _add_missing(self, persons: Sequence[Person]) -> Collection[int]:
        fresh: dict[str, ContactValues] = {}
        for person in persons:
            address = self._stored.get(person.address, person.address)
            fresh[address] = merge_person(fresh.get(address, NO_VALUES), person)
        present = self._session.scalars(
            select(Contact.profile_url).where(
                Contact.account_id == self._account_id, is_any_of(Contact.profile_url, fresh)
            )
        )
        for address in present:
            fresh.pop(address, None)
        if not fresh:
            return ()
        made = self._session.scalars(
            upsert(Contact)
            .on_conflict_do_nothing()
            .returning(Contact.id),  # a worker may add the same people meanwhile
            [
                {
                    "account_id": self._account_id,
                    "profile_url": address,
                    "import_id": self._import_id,
                    **asdict(known),
                }
                for address, known in fresh.items()
            ],
        )
        return frozenset(made)


def _to_held(row: Contact, *, new: bool) -> HeldContact:
    known = ContactValues(
        row.full_name, row.status, row.score, row.profile, row.do_not_contact, row.last_greeted_on
    )
    return HeldContact(row.id, row.profile_url, new, known, known)
