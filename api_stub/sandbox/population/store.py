"""The people in the state file: profiles, connections and the people search."""

import base64
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from api_stub.sandbox.population.crowd import generate_crowd
from api_stub.sandbox.population.members import MEMBERS, Person, generate_friends, list_near_days
from api_stub.sandbox.population.profiles import Certificate, Job, LanguageSkill, Profile, School, fold_text

SEARCH_TERMS = ("keywords", "title", "company", "location")
"""The search terms, as named in a search address."""

_PROFILE_COLUMNS = "slug, name, headline, location, language, about, open_to_work, details"
_BIRTHDAY_COLUMNS = "birth_month, birth_day, birth_year"
_NO_BIRTHDAY = None, None, None
_INSERT_PERSON = (
    f"INSERT INTO people (position, {_PROFILE_COLUMNS}, {_BIRTHDAY_COLUMNS}) "  # noqa: S608 -- constants
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Population:
    """The operations on people. An empty file is filled; one of the first version keeps its friends."""

    def __init__(self, db: sqlite3.Connection, today: date) -> None:
        self.db = db
        friends = generate_friends(today)
        columns = {name for _, name, *_ in db.execute("PRAGMA table_info(people)")}
        is_first_version = bool(columns) and "details" not in columns
        if is_first_version:
            friends = self._without_the_old_table(friends)
        db.executescript((Path(__file__).with_name("schema.sql")).read_text(encoding="utf-8"))
        if "automatic" not in {name for _, name, *_ in db.execute("PRAGMA table_info(messages)")}:
            db.execute("ALTER TABLE messages ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0")
        db.execute("PRAGMA foreign_keys = ON")
        if db.execute("SELECT 1 FROM people").fetchone():
            return
        with self.transaction():
            self._add(friends)
            self._add(generate_crowd(), after=len(friends))
            if not is_first_version:  # which keeps its connections
                pairs = [(member, friend.slug) for member in MEMBERS for friend in friends]
                db.executemany("INSERT INTO connections VALUES (?, ?)", pairs)

    def person(self, slug: str) -> Profile | None:
        """Return the profile with this slug, or None if it doesn't exist or was deleted."""
        rows = self.db.execute(
            f"SELECT {_PROFILE_COLUMNS} FROM people WHERE slug = ? AND NOT deleted",  # noqa: S608 -- a constant
            (slug,),
        )
        return next((_profile(row) for row in rows), None)

    def member_id(self, slug: str) -> str:
        """Return the id of the member at this address. It is case-sensitive and never changes."""
        row = self.db.execute("SELECT member_id FROM taken_over WHERE slug = ?", (slug,)).fetchone()
        return str(row[0]) if row else make_member_id(slug)

    def find_member(self, member_id: str) -> str | None:
        """Return the slug of the member with this id, or None."""
        row = self.db.execute("SELECT slug FROM taken_over WHERE member_id = ?", (member_id,)).fetchone()
        if row:
            return str(row[0])
        slugs = (str(slug) for (slug,) in self.db.execute("SELECT slug FROM people"))
        return next((slug for slug in slugs if self.member_id(slug) == member_id), None)

    def take_over(self, slug: str, member_id: str) -> None:
        """Give the address to the member with this id."""
        self.db.execute("INSERT OR REPLACE INTO taken_over VALUES (?, ?)", (slug, member_id))

    def list_profiles(self) -> list[Profile]:
        """Return all existing profiles in a fixed order."""
        rows = self.db.execute(
            f"SELECT {_PROFILE_COLUMNS} FROM people WHERE NOT deleted ORDER BY position"  # noqa: S608 -- a constant
        )
        return [_profile(row) for row in rows]

    def friends(self) -> list[Person]:
        """Return the people whose birthdays members see."""
        rows = self.db.execute(
            f"SELECT {_PROFILE_COLUMNS}, {_BIRTHDAY_COLUMNS} FROM people "  # noqa: S608 -- constants
            "WHERE birth_month IS NOT NULL AND NOT deleted ORDER BY position"
        )
        return [_friend(_profile(row[:8]), *row[8:]) for row in rows]

    def search_people(self, terms: Mapping[str, str], *, offset: int, limit: int) -> list[Profile]:
        """Return the people who match each word of `keywords` and every other term, in a fixed order."""
        wanted = [("keywords", word) for word in terms.get("keywords", "").split()]
        wanted += [(term, " ".join(terms.get(term, "").split())) for term in SEARCH_TERMS[1:]]
        conditions = "".join(f" AND instr(s.{term}, ?) > 0" for term, _ in wanted)
        columns = ", ".join(f"p.{column}" for column in _PROFILE_COLUMNS.split(", "))
        # a cross join fixes the order, so that SQLite stops as soon as it has enough rows
        rows = self.db.execute(
            f"SELECT {columns} FROM searched s CROSS JOIN people p ON p.slug = s.slug "  # noqa: S608 -- constants
            f"WHERE NOT p.deleted{conditions} ORDER BY s.position LIMIT ? OFFSET ?",
            (*(fold_text(words) for _, words in wanted), limit, offset),
        )
        return [_profile(row) for row in rows]

    def list_connections(self, member: str) -> set[str]:
        """Return the slugs of the member's connections."""
        rows = self.db.execute("SELECT slug FROM connections WHERE member = ?", (member,))
        return {str(slug) for (slug,) in rows}

    def set_connected(self, member: str, slug: str, *, connected: bool) -> None:
        """Connect the member to the person, or end the connection."""
        if connected:
            self.db.execute("INSERT OR IGNORE INTO connections VALUES (?, ?)", (member, slug))
        else:
            self.db.execute("DELETE FROM connections WHERE member = ? AND slug = ?", (member, slug))

    def add_birthdays(self, today: date) -> list[str]:
        """Give more people a birthday around `today`, and connect them to all members; return the slugs.

        The last people of the search, whom a search from its first page hardly reaches.
        """
        days = list_near_days(today)
        rows = self.db.execute(
            "SELECT slug FROM people WHERE birth_month IS NULL AND NOT deleted "
            "AND slug NOT IN (SELECT slug FROM connections) ORDER BY position DESC LIMIT ?",
            (len(days),),
        )
        people = [str(slug) for (slug,) in rows]
        with self.transaction():
            for slug, day in zip(people, days, strict=False):
                self.db.execute(
                    "UPDATE people SET birth_month = ?, birth_day = ? WHERE slug = ?",
                    (day.month, day.day, slug),
                )
                for member in MEMBERS:
                    self.set_connected(member, slug, connected=True)
        return people

    def set_deleted(self, slug: str, *, deleted: bool) -> None:
        """Delete the profile (404), or restore it."""
        self.db.execute("UPDATE people SET deleted = ? WHERE slug = ?", (int(deleted), slug))

    def rename(self, slug: str, name: str) -> None:
        """Let the network show the person by another name, on every page."""
        self.db.execute("UPDATE people SET name = ? WHERE slug = ?", (name, slug))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def _add(self, people: Iterable[Profile], *, after: int = 0) -> None:
        placed = list(enumerate(people, after))
        self.db.executemany(_INSERT_PERSON, ((position, *_row(person)) for position, person in placed))
        self.db.executemany(
            "INSERT INTO searched VALUES (?, ?, ?, ?, ?, ?)",
            ((position, person.slug, *_search_texts(person)) for position, person in placed),
        )

    def _without_the_old_table(self, friends: list[Person]) -> list[Person]:
        """Drop the old table; return its people with their birthdays."""
        rows = self.db.execute(f"SELECT slug, {_BIRTHDAY_COLUMNS} FROM people")  # noqa: S608 -- constants
        born = {slug: (month, day, year) for slug, month, day, year in rows}
        self.db.execute("DROP TABLE people")
        return [_friend(friend, *born[friend.slug]) for friend in friends if friend.slug in born]


def make_member_id(slug: str) -> str:
    """Return the member id of the person who came with this slug, in the form that LinkedIn's have."""
    digest = hashlib.sha256(f"member {slug}".encode()).digest()
    return f"ACoAA{base64.urlsafe_b64encode(digest).decode()[:34]}"


def connection_degree(member: str, slug: str, connections: set[str]) -> int:
    """Return the degree of connection: 1 for a connection, else 2 or 3, always the same for a pair."""
    if slug in connections:
        return 1
    return 2 if zlib.crc32(f"{member} {slug}".encode()) % 3 else 3


def _row(person: Profile) -> tuple[str | int | None, ...]:
    born = (
        (person.birth_month, person.birth_day, person.birth_year)
        if isinstance(person, Person)
        else _NO_BIRTHDAY
    )
    details = (person.jobs, person.schools, person.skills, person.certificates, person.spoken)
    return (
        person.slug, person.name, person.headline, person.location, person.language, person.about,
        int(person.open_to_work), json.dumps(details), *born,
    )  # fmt: skip


def _search_texts(person: Profile) -> tuple[str, str, str, str]:
    """Return the texts to search for each of SEARCH_TERMS. Former titles and companies are included."""
    titles = "\n".join((person.headline, *(job.title for job in person.jobs)))
    companies = "\n".join(job.company for job in person.jobs)
    anything = "\n".join((person.name, titles, companies, person.location, *person.skills))
    return fold_text(anything), fold_text(titles), fold_text(companies), fold_text(person.location)


def _profile(row: Sequence[Any]) -> Profile:
    """Build a profile from the columns of _PROFILE_COLUMNS."""
    slug, name, headline, location, language, about, open_to_work, details = row
    jobs, schools, skills, certificates, spoken = json.loads(details)
    return Profile(
        slug, name, headline, location, language, about, bool(open_to_work),
        tuple(Job(*job) for job in jobs), tuple(School(*school) for school in schools), tuple(skills),
        tuple(Certificate(*one) for one in certificates), tuple(LanguageSkill(*one) for one in spoken),
    )  # fmt: skip


def _friend(profile: Profile, month: int, day: int, year: int | None) -> Person:
    shown = {field.name: getattr(profile, field.name) for field in fields(Profile)}
    return Person(**shown, birth_month=month, birth_day=day, birth_year=year)
