"""What the life of many actions leaves in the hot tables, with Postgres' own settings and with ours.

`./run bench bloat` sends the statements of 10 000 actions among 200 000 older ones. Then it asks
Postgres how many updates found room on their page and touched no index (HOT), for dead rows and sizes, and
how often vacuum ran. The default settings have an index by the date of the last greeting, too.
`--quick` only shows that it works.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import text

from bench.actions.action_races import Bench, Size
from bench.command import Given, run_bench
from bench.report import Row
from db.engine import Database

ACCOUNTS: Final = 100
_EARLIER: Final = """
set session_replication_role = replica;
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, last_greeted_on)
select 1 + n % {accounts}, 'ledger:earlier/person-' || n, 'Person ' || n, 1 + n % 12, 1 + n % 28, '2025-01-01'
from generate_series(1, {earlier}) n;
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     acting_since, acting_attempt, correlation_id, created_at)
select gen_random_uuid(), c.account_id, c.id, r.id, 'greet', 'birthday:2025', '2025-01-01', 'Hello', 'done',
       '2025-01-01', 1, 'x', '2025-01-01'
from contacts c join campaigns r using (account_id) where c.profile_url like 'ledger:earlier/%';
set session_replication_role = origin;
vacuum analyze;
"""
_USED: Final = text("""
select relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_dead_tup, pg_table_size(relid), pg_indexes_size(relid),
       autovacuum_count
from pg_stat_user_tables where n_tup_upd + n_tup_ins > :few order by n_tup_upd + n_tup_ins desc
""")
_CONFIGURED: Final = text("""
select relname from pg_class where relkind = 'r' and reloptions is not null
  and relnamespace = current_schema()::regnamespace
""")
_OPTIONS: Final = text("""
select coalesce(string_agg(split_part(option, '=', 1), ', '), '')
from pg_class, unnest(reloptions) option where oid = to_regclass(:name)
""")


@dataclass(frozen=True, slots=True)
class Use:
    """What Postgres counted for a table; sizes in bytes."""

    inserted: int
    updated: int
    hot: int
    dead: int
    rows_size: int
    index_size: int
    vacuums: int

    @property
    def size(self) -> int:
        """Its rows and indexes together."""
        return self.rows_size + self.index_size

    def __str__(self) -> str:
        hot = f"{self.hot / self.updated:.0%} HOT" if self.updated else "no updates"
        return (
            f"{hot}, {self.dead:,} dead, {self.rows_size / 2**20:.1f} + {self.index_size / 2**20:.1f} MiB, "
            f"{self.vacuums} vacuums"
        )


def measure(given: Given, size: Size, *, earlier: int, ours: bool) -> Mapping[str, Use]:
    """Let so many actions live in a new database; return what each hot table is like then."""
    folder = given.folder / ("ours" if ours else "default")
    folder.mkdir()
    bench = Bench(folder, size)
    with bench.run_servers() as database:
        if not ours:
            _reset_options(database)
        given.say(f"{size.raced:,} actions, {'our' if ours else 'default'} settings")
        bench.plan(database)
        with psycopg.connect(bench.postgres.url, autocommit=True) as owner:
            for statement in _EARLIER.format(accounts=size.accounts, earlier=earlier).split(";\n"):
                owner.execute(statement)
        with database.transaction() as session:
            session.execute(text("select pg_stat_reset()"))
        bench.race_bare(database)
        with database.transaction() as session:
            session.execute(text("select pg_stat_force_next_flush()"))
            found = session.execute(_USED, {"few": size.raced // 20}).all()
    return {name: Use(*counts) for name, *counts in found}


def _reset_options(database: Database) -> None:
    """Go back to what was before our settings, as their migration's downgrade does."""
    with database.transaction() as session:
        for name in session.scalars(_CONFIGURED).all():
            options = session.scalars(_OPTIONS, {"name": name}).one()
            session.execute(text(f"alter table {name} reset ({options})"))
        session.execute(text("create index on contacts (account_id) where last_greeted_on is not null"))


def build_rows(given: Given) -> Iterator[Row]:
    """Measure both, and yield a row for each hot table."""
    size, earlier = given.pick(
        quick=(Size(4, 0, 40), 100),
        usual=(Size(ACCOUNTS, 0, 2_000), 40_000),
        long=(Size(ACCOUNTS, 0, 10_000), 200_000),
    )
    theirs = measure(given, size, earlier=earlier, ours=False)
    found = measure(given, size, earlier=earlier, ours=True)
    for name in filter(theirs.get, found):
        grew = found[name].size / max(theirs[name].size, 1)
        yield Row(name, str(found[name]), f"default: {theirs[name]}", f"{grew:.2f}", "")


if __name__ == "__main__":
    run_bench(__doc__, build_rows, long="10 000 actions among 200 000 older ones: vacuum runs meanwhile")
