"""What the life of many actions leaves in the hot tables, with Postgres' own settings and with ours.

`python -m bench.bloat` sends the statements of 20 000 actions twice and then asks Postgres: how many updates
found room on their page and touched no index (HOT), dead rows, sizes, and how often vacuum ran.
`--quick` only shows that it works.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console  # noqa: TID251 -- prints only its own figures
from rich.status import Status
from sqlalchemy import text

from bench.action_races import Bench, Size
from bench.report import Row, print_rows
from db.engine import Database

ACCOUNTS: Final = 100
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

    def __str__(self) -> str:
        hot = f"{self.hot / self.updated:.0%} HOT" if self.updated else "no updates"
        return (
            f"{hot}, {self.dead:,} dead, {self.rows_size / 2**20:.1f} + {self.index_size / 2**20:.1f} MiB, "
            f"{self.vacuums} vacuums"
        )


def measure(folder: Path, size: Size, status: Status, *, ours: bool) -> tuple[Mapping[str, Use], float]:
    """Let so many actions live in a new database; return what each hot table is like then, and their pace."""
    folder.mkdir()
    bench = Bench(folder, size)
    with bench.run_servers() as database:
        if not ours:
            _reset_options(database)
        status.update(f"{size.raced:,} actions, {'our' if ours else 'default'} settings")
        bench.plan(database)
        with database.transaction() as session:
            session.execute(text("select pg_stat_reset()"))
        race = bench.race_bare(database)
        with database.transaction() as session:
            session.execute(text("select pg_stat_force_next_flush()"))
            found = session.execute(_USED, {"few": size.raced // 20}).all()
    return {name: Use(*counts) for name, *counts in found}, race.rate


def _reset_options(database: Database) -> None:
    with database.transaction() as session:
        for name in session.scalars(_CONFIGURED).all():
            options = session.scalars(_OPTIONS, {"name": name}).one()
            session.execute(text(f"alter table {name} reset ({options})"))


def build_rows(folder: Path, size: Size, status: Status) -> Iterator[Row]:
    """Measure both, and yield a row for each hot table."""
    theirs, their_rate = measure(folder / "default", size, status, ours=False)
    ours, our_rate = measure(folder / "ours", size, status, ours=True)
    for name in ours:
        before = theirs.get(name)
        grew = (ours[name].rows_size + ours[name].index_size) / max(
            (before.rows_size + before.index_size) if before else 1, 1
        )
        yield Row(name, str(ours[name]), f"default: {before}", f"{grew:.2f}", "")
    yield Row(
        "actions a second",
        f"{our_rate:.0f}",
        f"default: {their_rate:.0f}",
        f"{our_rate / their_rate:.2f}",
        "",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=20_000, help="how many (20000)")
    parser.add_argument("--quick", action="store_true", help="few actions: shows that it works, no figures")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/performance.md")
    given = parser.parse_args()
    size = Size(4, 0, 40) if given.quick else Size(ACCOUNTS, 0, given.actions)
    with (
        tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder,
        Console(stderr=True).status("starting") as status,
    ):
        rows = list(build_rows(Path(folder), size, status))
    print_rows(Console(), rows, title=f"After {size.raced:,} actions", markdown=given.markdown)


if __name__ == "__main__":
    main()
