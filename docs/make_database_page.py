"""Writes the tables in docs/database.md from db/tables.

`.venv/bin/python docs/make_database_page.py` changes what stands between the two comments of the page.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from db.tables import Base
from tests.db.plans.query_workload import WORKLOAD

PAGE = Path(__file__).parent / "database.md"
_TABLES = re.compile(r"(?<=<!-- made by make_database_page.py -->\n).*(?=<!-- end -->)", re.DOTALL)
_DIALECT = postgresql.dialect()
_DEFINITION = re.compile(r"CREATE (?:UNIQUE )?INDEX \S+ ON \S+ (?P<rest>.+)", re.DOTALL)


def fill_tables(page: str) -> str:
    """Return the page with the picture and the tables as db/tables says now."""
    made = "\n".join(["", _picture(), "", *_chapters()])
    filled, count = _TABLES.subn(lambda _: made, page)
    if count != 1:
        raise ValueError(f"{PAGE.name} must have the two comments that the tables stand between, once")
    return filled


def _picture() -> str:
    """Return which table refers to which, as a diagram."""
    lines = sorted(
        f"    {key.column.table.name} ||--o{{ {table.name} : {key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
    )
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


def _chapters() -> Iterator[str]:
    chapters: Mapping[str, list[tuple[Table, str]]] = defaultdict(list)
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if isinstance(table, Table):
            module = mapper.class_.__module__.rpartition(".")[2]
            chapters[module].append((table, inspect.getdoc(mapper.class_) or ""))
    for module in sorted(chapters):
        yield f"### {module.replace('_', ' ').capitalize()} (`db/tables/{module}.py`)\n"
        for table, about in sorted(chapters[module], key=lambda each: each[0].name):
            yield from _table(table, about)


def _table(table: Table, about: str) -> Iterator[str]:
    yield f"#### `{table.name}`\n"
    yield f"{about}\n"
    yield "| column | type | what |\n|---|---|---|"
    yield from (_column(column) for column in table.columns)
    yield ""
    if indexes := list(_indexes(table)):
        yield "| index | on | serves |\n|---|---|---|"
        yield from indexes
        yield ""
    checks = sorted(
        f"- `{_flat(str(each.sqltext))}`" for each in table.constraints if isinstance(each, CheckConstraint)
    )
    if checks:
        yield "Checks:\n"
        yield from checks
        yield ""


def _column(column: Column[object]) -> str:
    said = [f"refers to `{key.column.table.name}`" for key in column.foreign_keys]
    if column.primary_key:
        said.insert(0, "primary key")
    if column.comment:
        said.append(column.comment)
    kind = column.type.compile(dialect=_DIALECT).lower() + ("" if not column.nullable else ", or null")
    return f"| `{column.name}` | {kind} | {_cell('; '.join(said))} |"


def _indexes(table: Table) -> Iterator[str]:
    serves: Mapping[str, list[str]] = defaultdict(list)
    for name, (_, index, _) in WORKLOAD.items():
        serves[index].append(name)
    for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
        if isinstance(constraint, UniqueConstraint):
            columns = ", ".join(column.name for column in constraint.columns)
            yield _index(str(constraint.name), f"({columns})", ["unique", *serves[str(constraint.name)]])
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        unique = ["unique"] if index.unique else []
        yield _index(str(index.name), _definition(index), [*unique, *serves[str(index.name)]])


def _index(name: str, on: str, serves: Sequence[str]) -> str:
    return f"| `{name}` | `{_cell(_flat(on))}` | {_cell('; '.join(serves))} |"


def _definition(index: Index) -> str:
    found = _DEFINITION.match(str(CreateIndex(index).compile(dialect=_DIALECT)))
    if found is None:
        raise ValueError(f"the definition of {index.name} is not understood")
    return found["rest"]


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(fill_tables(PAGE.read_text()))
