"""How the pages look for the member now: front end, language, drift, and class names of this start."""

import hashlib
import secrets
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid4, uuid5

from babel.dates import format_date

from tests.replica.linkedin.people import Person
from tests.replica.linkedin.world import World

WWW = "https://www.linkedin.com"
_SALT = secrets.token_hex(8)
"""Class names differ with every start of the server, as with every release of a site."""


@cache
def load_words(language: str) -> dict[str, Any]:
    """Return the words of a language: tables by page, texts and lists of texts inside."""
    file = Path(__file__).parent / "words" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Look:
    """What decides the markup of one page."""

    world: World
    page: str

    @property
    def ember(self) -> bool:
        """Return whether the page is of the older front end."""
        return self.world.front_end(self.page) == "ember"

    @property
    def language(self) -> str:
        return self.world.language

    @property
    def drift(self) -> int:
        return self.world.drift

    def setting(self, name: str) -> str:
        """Return a setting of this page, such as `birthdays.list`; empty when it isn't set."""
        return self.world.settings.get(f"{self.page}.{name}", "")

    def words(self, key: str, **values: str) -> str:
        """Return a text of this page in the member's language."""
        text: str = load_words(self.language)[self.page][key]
        return text.format(**values)

    def word_list(self, key: str) -> list[str]:
        """Return a list of texts of this page in the member's language."""
        texts: list[str] = load_words(self.language)[self.page][key]
        return texts

    def cls(self, *names: str) -> str:
        """Return hashed class names, such as `_609562f9`."""
        return " ".join("_" + hashlib.sha256(f"{_SALT}{name}".encode()).hexdigest()[:8] for name in names)

    def number(self, value: int) -> str:
        """Return a number with the language's separator of thousands."""
        return f"{value:,}".replace(",", load_words(self.language)["group"])

    def day(self, day: date) -> str:
        """Return a short date, such as "10 nov."."""
        return format_date(day, load_words(self.language)["date"], locale=self.language)


def new_key() -> str:
    """Return a componentkey without a meaning."""
    return str(uuid4())


def slug_path(person: Person) -> str:
    """Return the address of a profile; letters outside ASCII are percent-encoded."""
    return f"/in/{quote(person.slug)}/"


def profile_link(person: Person) -> str:
    """Return a profile's address as the newer front end writes it: absolute."""
    return WWW + slug_path(person)


def compose_link(
    person: Person,
    *,
    urn_of: Person | None = None,
    prop: str = "",
    body: str = "",
    context: str = "",
) -> str:
    """Return the address that opens a message to the person. `urn_of` is whom its other id names instead."""
    query = {
        "profileUrn": f"urn:li:fsd_profile:{(urn_of or person).member_id}",
        "recipient": person.member_id,
    }
    if prop:
        query["propUrn"] = f"urn:li:prop:({prop},_{uuid5(NAMESPACE_URL, person.slug).hex[:19]})"
    if context:
        query["screenContext"] = context
    if body:
        query["body"] = body
    if prop:
        query["workflowId"] = f"msg-sent-workflow-auto-binding-{uuid4()}"
    query["interop"] = "msgOverlay"
    return "/messaging/compose/?" + urlencode(query, safe="")
