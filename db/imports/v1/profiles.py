"""Parses the rows of V1's scraped profiles."""

import re
from typing import Final

from db.imports.v1 import cell_values
from db.imports.v1.file import Row
from db.imports.v1.records import ProfileJson
from worker.rules.model import ContactStatus

_LINES: Final = {
    "headline": "headline",
    "summary": "summary",
    "current_company": "company",
    "job_title": "title",
    "location": "location",
    "school": "school",
    "degree": "degree",
    "seniority_level": "seniority",
}
_LISTS: Final = ("skills", "languages", "certifications", "education", "work_history")
_COUNTS: Final = ("years_experience", "endorsements_count")
_FIRST_DEGREE: Final = re.compile(r"(?:degree|niveau)?\s*1(?:\.0|st|er|º|°)?\b", re.IGNORECASE)


def parse_status(row: Row) -> ContactStatus:
    """Return CONNECTED for a first-degree connection, else PROSPECT."""
    degrees = (
        cell_values.parse_text(row.get(column)) or ""
        for column in ("connection_degree", "relationship_level")
    )
    first = any(_FIRST_DEGREE.match(each) for each in degrees)
    return ContactStatus.CONNECTED if first else ContactStatus.PROSPECT


def parse_profile(row: Row) -> ProfileJson:
    """Return the known values as JSON for contacts.profile; JSON lists in texts are parsed."""
    lines = {ours: cell_values.parse_text(row.get(theirs)) for theirs, ours in _LINES.items()}
    lists = {column: cell_values.parse_texts(row.get(column)) for column in _LISTS}
    counts = {column: cell_values.parse_whole_number(row.get(column), 0, 1_000_000) for column in _COUNTS}
    values = {**lines, **lists, **counts}
    return {key: value for key, value in values.items() if value is not None}
