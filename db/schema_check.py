"""Compare the schema of a database with the one that this version's migrations make, object by object.

schema.txt lists that one; `docs/make_schema_file.py` writes it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

EXPECTED: Final = Path(__file__).parent / "schema.txt"

_OBJECTS: Final = text(r"""
with ours as (
    select c.oid, c.relname from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
      and c.relname <> 'alembic_version'
), found as (
    select 'column ' || relname || '.' || attname as name,
           concat_ws(' ', format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
                     'identity ' || nullif(attidentity::text, ''),
                     'generated ' || nullif(attgenerated::text, ''),
                     pg_get_expr(adbin, adrelid)) as definition
    from ours join pg_attribute on attrelid = ours.oid and attnum > 0 and not attisdropped
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select 'constraint ' || relname || '.' || conname, pg_get_constraintdef(k.oid)
    from ours join pg_constraint k on conrelid = ours.oid where contype not in ('n', 't')
    union all
    select 'setting ' || relname || '.' || split_part(option, '=', 1), split_part(option, '=', 2)
    from ours join pg_class c using (oid, relname), unnest(c.reloptions) option
    union all
    select 'index ' || relname || '.' || indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    from ours join pg_index on indrelid = ours.oid
    union all
    select 'trigger ' || relname || '.' || tgname, pg_get_triggerdef(g.oid)
    from ours join pg_trigger g on tgrelid = ours.oid where not tgisinternal
    union all
    select 'function ' || p.oid::regprocedure::text, md5(prosrc)
    from pg_proc p
    where pronamespace = current_schema()::regnamespace
      and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
)
select name || ': ' || regexp_replace(replace(definition, current_schema() || '.', ''), '\s+', ' ', 'g')
from found order by name collate "C"
""")

_UNSOUND: Final = text("""
select 'the index ' || indexrelid::regclass || ' is invalid: drop it, and run `rapport migrate`'
from pg_index join pg_class c on c.oid = indrelid
where c.relnamespace = current_schema()::regnamespace and not indisvalid
union all
select 'the constraint ' || conname || ' of ' || conrelid::regclass || ' was never validated'
from pg_constraint
where connamespace = current_schema()::regnamespace and not convalidated
union all
select 'the trigger ' || tgname || ' of ' || tgrelid::regclass || ' is disabled'
from pg_trigger join pg_class c on c.oid = tgrelid
where c.relnamespace = current_schema()::regnamespace and not tgisinternal and tgenabled <> 'O'
order by 1
""")


def list_objects(connection: Connection) -> Sequence[str]:
    """Return every column, constraint, setting, index, trigger and function, with its definition."""
    return connection.scalars(_OBJECTS).all()


def find_schema_problems(connection: Connection) -> Sequence[str]:
    """Return in words what is not as the migrations made it: missing, foreign, changed or out of force."""
    expected = _by_name(EXPECTED.read_text().splitlines())
    there = _by_name(list_objects(connection))
    problems = []
    for name in sorted(expected.keys() | there.keys()):
        if name not in there:
            problems.append(f"the {name} is missing")
        elif name not in expected and not _is_setting(name):
            problems.append(f"the {name} is not Rapport's")
        elif expected.get(name, there[name]) != there[name] and not _is_setting(name):
            problems.append(f"the {name} was changed: it is {there[name]}, not {expected[name]}")
    return [*problems, *connection.scalars(_UNSOUND)]


def _is_setting(name: str) -> bool:
    """Return whether this is a setting of a table. More of them, and other values, are the operator's."""
    return name.startswith("setting ")


def _by_name(lines: Sequence[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines)
