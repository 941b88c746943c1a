"""Find contacts by words: each must begin a word of the contact. One index serves every search.

To find them in the middle of a word, too, would need an index of trigrams, which makes an import slower.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from db.tables import Contact
from db.tables.folding import SEARCH_WORDS, SEPARATORS, fold_sql

LOOKED_THROUGH: Final = 2_000
"""People who are compared one by one, in the order of a list, before the index is asked."""

MOST_WORDS: Final = 8
LONGEST_QUERY: Final = 200
_COUNTED: Final = 200
"""People among whom frequent words are counted."""
_LONGEST_WORD: Final = 500
"""Characters of a folded word that are compared. Folding lengthens, and Postgres refuses a word of 2 kB."""


def split_words(session: Session, given: str) -> Sequence[str]:
    """Return the words that a person typed, folded as the stored ones are; at most MOST_WORDS."""
    if not given.strip():
        return []
    folded: ColumnElement[Any] = literal_column(
        f"regexp_split_to_array({fold_sql('q.given')}, '{SEPARATORS}+')"
    )
    typed = select(literal(given).label("given")).subquery("q")
    words: Sequence[str] = session.scalars(select(folded).select_from(typed)).one()
    return [word[:_LONGEST_WORD] for word in words if word][:MOST_WORDS]


@contextmanager
def indexed(session: Session) -> Iterator[None]:
    """Have Postgres use the index of words in the block's statements.

    It thinks that cutting a text into words costs next to nothing, and might cut those of everybody.
    """
    _set_scans(session, "off")
    yield
    _set_scans(session, "on")


def _set_scans(session: Session, value: str) -> None:
    session.execute(select(func.set_config("enable_seqscan", value, True)))


def fits_words(words: Sequence[str], asked: Sequence[str]) -> Sequence[ColumnElement[bool]]:
    """Return the conditions that each of the words begins a word of a contact; the index finds those `asked`.

    `asked` is what `choose_words` returned, or all words.
    """
    if len(asked) == len(words):
        return [begins_words(words)]
    # "is true" keeps Postgres from asking the index for all words.
    return [begins_words(asked), begins_words(words).is_(True)]


def begins_words(words: Sequence[str], *, any_of: bool = False) -> ColumnElement[bool]:
    """Return the condition that each of these words (with `any_of`: one of them) begins a word of a contact.

    It is about the columns of the only contact in the query. Words are those of the name, the facts and the
    address' last part.
    """
    begins = literal_column(SEARCH_WORDS).op("@@", is_comparison=True)
    return begins(cast(_tsquery(words, " | " if any_of else " & "), TSQUERY))


def choose_words(session: Session, words: Sequence[str], people: Select[Contact]) -> Sequence[str]:
    """Return the words to ask the index for: those that at most half of the first `people` have.

    The index goes through everybody whom any of the words fits. If most people have a word, that takes longer
    than comparing it with those whom the other words fit. If all words are so frequent, the rarest is
    returned.
    """
    if len(words) < 2:
        return words
    some = people.with_only_columns(Contact.folded_name, Contact.folded_facts).limit(_COUNTED).subquery()
    text = func.concat(" ", some.c.folded_name, " ", some.c.folded_facts)
    fitting = (func.count().filter(text.contains(f" {word}", autoescape=True)) for word in words)
    everybody, *counts = session.execute(select(func.count(), *fitting)).one()
    rare = [word for word, count in zip(words, counts, strict=True) if count <= everybody / 2]
    return rare or [words[counts.index(min(counts))]]


def _tsquery(words: Sequence[str], operator: str) -> str:
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return operator.join(f"'{word}':*" for word in quoted)
