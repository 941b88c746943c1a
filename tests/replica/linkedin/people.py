"""The made-up people of the replica."""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field

MEMBER_NAME = "Jo Sample"
MEMBER_SLUG = "jo-sample"
LOGIN = "jo@example.test"
PASSWORD = "replica-password"


def member_id_of(key: str) -> str:
    """Return a member id of 39 characters, always the same for a key."""
    digest = hashlib.sha256(key.encode()).digest() + hashlib.sha256(key[::-1].encode()).digest()
    return "ACoAA" + base64.urlsafe_b64encode(digest).decode()[:34]


OWN_ID = member_id_of("the member")


@dataclass(frozen=True, slots=True)
class BirthdayCard:
    """A card of the birthdays page. `days_ago` is 0 for today.

    `form` is "link", or "button" for a button that opens a dialog with a text area. `stays` says whether the
    card is still there after the greeting. `id_of` names the person whose id the link has instead (a
    contradiction).
    """

    days_ago: int
    form: str = "link"
    stays: bool = True
    id_of: str | None = None
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A person. `degree` is 1 to 3; `traits` are names of faults that hold for this person alone."""

    slug: str
    name: str
    headline: str
    degree: int = 1
    birthday: BirthdayCard | None = None
    pending: bool = False
    deleted: bool = False
    member_id: str = ""
    traits: frozenset[str] = field(default_factory=frozenset)

    @property
    def number(self) -> int:
        """The number of `urn:li:member:<number>`."""
        return int(hashlib.sha256(self.member_id.encode()).hexdigest()[:7], 16)

    @property
    def thread_uuid(self) -> str:
        """The identity of the conversation between the member and this person."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"thread/{self.member_id}"))

    @property
    def first_name(self) -> str:
        """What the site takes for the first name: an emoji before it belongs to it."""
        words = self.name.split()
        return " ".join(words[:2]) if not words[0][0].isalpha() else words[0]


_ROWS: list[tuple[str, str, str, int, BirthdayCard | None, tuple[str, ...]]] = [
    # the first ten cards
    ("ada-example", "Ada Example", "Engineer at Sample Works", 1, BirthdayCard(0), ()),
    ("zoe-bright", "🔥 Zoé Bright 🚀", "Founder", 1, BirthdayCard(0), ()),
    ("jürgen-müßig", "Jürgen MÜSSIG", "Leiter Einkauf", 1, BirthdayCard(0), ()),
    ("maria-garcia", "María García", "Enfermera", 1, BirthdayCard(0), ()),
    ("anne-marie-du-pont", "Anne-Marie DU PONT", "Architecte", 1, BirthdayCard(0, stays=False), ()),
    ("lukasz-wzor", "Łukasz Wzór", "Kierownik projektu", 1, BirthdayCard(0, twice=True), ()),
    ("maria-garcia-2", "María García", "Abogada", 1, BirthdayCard(1), ()),
    ("omar-sample", "Omar Sample", "Chef", 1, BirthdayCard(2), ()),
    ("li-wei-example", "李 伟", "Translator", 1, BirthdayCard(3), ()),
    ("nina-button", "Nina Button", "Baker", 1, BirthdayCard(0, form="button"), ()),
    # after "load more"
    ("paul-late", "Paul Late", "Plumber", 1, BirthdayCard(4), ()),
    ("rosa-late", "Rosa Late", "Painter", 1, BirthdayCard(4), ()),
    ("sam-late", "Sam Late", "Sailor", 1, BirthdayCard(5), ()),
    ("tess-late", "Tess Late", "Teacher", 1, BirthdayCard(6), ()),
    ("uli-late", "Uli Late", "Umbrella maker", 1, BirthdayCard(7), ()),
    ("vera-left", "Vera Left", "Vet", 2, BirthdayCard(8), ("premium_wall",)),
    ("walt-late", "Walt Late", "Welder", 1, BirthdayCard(9), ()),
    # no birthday
    ("ben-plain", "Ben Plain", "Carpenter", 1, None, ()),
    ("cleo-plain", "Cleo Plain", "Carpenter", 1, None, ()),
    ("dora-subject", "Dora Subject", "Dentist", 1, None, ("subject_field",)),
    ("emil-card", "Emil Card", "Editor", 1, None, ("no_composer",)),
    ("fay-second", "Fay Second", "Florist", 2, None, ()),
    ("gus-third", "Gus Third", "Gardener", 3, None, ()),
    ("hana-pending", "Hana Pending", "Harpist", 2, None, ("pending",)),
    ("ivo-pending", "Ivo Pending", "Illustrator", 3, None, ("pending",)),
    ("login-smith", "Lo Ginsmith", "“security” and commercial use limit writer", 2, None, ()),
]


_TALKING = (
    "Abel Berta Ciro Dunja Edda Finn Gwen Hugo Ines Jan Kira Leo Mona Nils Olga Pia Quin Rolf Sina Tom Uta "
    "Veit Wanda Xaver Yara Zeno"
)


def make_people() -> list[Person]:
    """Return everybody: birthdays in the order of the page, others, guests, those talked with before."""
    known = [
        Person(slug, name, headline, degree, card, "pending" in traits, False, member_id_of(slug),
               frozenset(traits) - {"pending"})
        for slug, name, headline, degree, card, traits in _ROWS
    ]  # fmt: skip
    asked = [
        Person(f"guest-{n:02}", f"Guest Number{n:02}", "--" if n % 4 == 0 else f"Guest of kind {n}", 2,
               None, True, False, member_id_of(f"guest-{n:02}"))
        for n in range(1, 16)
    ]  # fmt: skip
    talks = [
        Person(f"talk-{n:02}", f"{first} Talk", "Talks a lot", member_id=member_id_of(f"talk-{n:02}"))
        for n, first in enumerate(_TALKING.split(), start=1)
    ]
    return known + asked + talks
