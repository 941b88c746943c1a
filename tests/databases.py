"""Databases of the tests: copies of one that is migrated, and emptied to be used again.

A copy takes Postgres hundreds of new files; to empty one that a test has used takes a few statements. It is
used again only where its schema is the template's and no row is left, and thrown away otherwise.
"""

from contextlib import suppress
from typing import Final, Self
from uuid import uuid4

import psycopg
from psycopg import sql

from api_stub.cli.schema import bring_up_to_date
from api_stub.stack.postgres import Postgres

TEMPLATE: Final = "template_rapport"

_EMPTY: Final = """
do $$
declare
    name regclass;
begin
    set local session_replication_role = replica;  -- no trigger stands in the way
    for name in select oid from pg_class
                where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'alembic_version'
    loop
        if pg_relation_size(name) > 65536 then
            execute format('truncate %s cascade', name);
        else
            execute format('delete from %s', name);
        end if;
    end loop;
    perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null;
end
$$
"""

_SCHEMA: Final = """
select md5(string_agg(line, ';' order by line)) from (
    select format('%s %s %s %s', relname, relkind, reloptions, relpersistence) from pg_class
    where relnamespace = 'public'::regnamespace
    union all
    select format('%s %s %s %s %s', relname, attname, atttypid, attnotnull, attisdropped)
    from pg_attribute join pg_class c on c.oid = attrelid where relnamespace = 'public'::regnamespace
    union all
    select format('%s %s', relname, pg_get_expr(adbin, adrelid))
    from pg_attrdef join pg_class c on c.oid = adrelid where relnamespace = 'public'::regnamespace
    union all select pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
    union all select indexdef from pg_indexes where schemaname = 'public'
    union all
    select pg_get_triggerdef(t.oid) || tgenabled::text
    from pg_trigger t join pg_class c on c.oid = tgrelid
    where relnamespace = 'public'::regnamespace and not tgisinternal
    union all select prosrc from pg_proc where pronamespace = 'public'::regnamespace
    union all select version_num from alembic_version
    union all
    select setconfig::text from pg_db_role_setting
    where setdatabase in (0, (select oid from pg_database where datname = current_database()))
) as lines(line)
"""


class Databases:
    """Lends databases, each to one test at a time."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        template = postgres.create_database(TEMPLATE)
        bring_up_to_date(template)
        with psycopg.connect(template) as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()
        self._admin = psycopg.connect(postgres.url, autocommit=True)
        self._clean: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()

    def borrow(self) -> str:
        """Name one that is as if it were new."""
        return self._clean.pop() if self._clean else self.copy()

    def copy(self) -> str:
        """Make a copy of the template, for whoever fills it so that it is better thrown away."""
        name = f"test_{uuid4().hex}"
        statement = sql.SQL("create database {} template {}")
        self._admin.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return name

    def take_back(self, name: str) -> None:
        """End whatever still uses it, and empty it or throw it away."""
        again = f"test_{uuid4().hex}"  # whoever comes back to the old name finds nothing
        self._admin.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s", (name,)
        )
        try:
            self._admin.execute(
                sql.SQL("alter database {} rename to {}").format(sql.Identifier(name), sql.Identifier(again))
            )
        except psycopg.errors.ObjectInUse:
            self.drop(name)
            return
        if self._emptied(again):
            self._clean.append(again)
        else:
            self.drop(again)

    def drop(self, name: str) -> None:
        """Throw it away."""
        self._admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _emptied(self, name: str) -> bool:
        with (
            suppress(psycopg.Error),
            psycopg.connect(self._postgres.url_of(name), autocommit=True) as connection,
        ):
            connection.execute(_EMPTY)
            return connection.execute(_SCHEMA).fetchone() == self._schema
        return False
