"""`rapport backup`: make backups, verify and list them, and schedule them."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel
from pyrage import x25519

from api_stub.cli.backups import plan
from api_stub.cli.backups.display import (
    describe_report,
    file_size,
    format_age,
    format_instant,
    open_for_reading,
    show_bytes,
)
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    open_session,
    print_answer,
)
from api_stub.cli.formatting import print_text
from api_stub.cli.servers.local_servers import find_database, load_settings
from api_stub.cli.terminal import Console
from api_stub.stack.secrets import write_private_file
from db.backup.envelope import read_identity
from db.backup.make import make_backup
from db.backup.targets import open_target
from db.backup.unpack import verify_backup
from db.store.backups.plan import get_plan
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.wording.counts import format_count

app = typer.Typer(
    help="Encrypted backups of the database: make, verify, list and schedule them.", no_args_is_help=True
)
app.command("list")(plan.list_backups)
app.command()(plan.schedule)
app.command()(plan.unschedule)

Recipients = Annotated[
    list[str] | None,
    typer.Option("--recipient", help="A public key, age1…; several may be given; default: as scheduled."),
]
KeyFile = Annotated[Path, typer.Option("--key", help="The file of the private key.")]
Evidence = Annotated[
    bool | None, typer.Option("--evidence/--no-evidence", help="With screenshots and traces; default: no.")
]


class VerifiedBackup(BaseModel):
    """What a whole backup has in it."""

    file: str
    at: str
    age_seconds: int
    rapport: str
    revision: str
    tables: dict[str, int]
    rows: int
    files: int
    left_out: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="A new file for the private key; keep it on another machine.")],
) -> None:
    """Make a pair of keys: the private one goes into FILE, the public one is printed.

    Backups are encrypted with the public key, and only the private key restores them. Keep FILE where this
    machine's loss doesn't take it along, and so that nobody else reads it. The program age reads it too.
    """
    if file.exists():
        raise RequestRefusedError(f"{file} already exists: a key is never overwritten; give another name")
    if not file.absolute().parent.is_dir():
        raise RequestRefusedError(f"{file.parent} isn't a folder: make it first, or give another name")
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    lines = f"# created: {clock.now().isoformat(timespec='seconds')}\n# public key: {public}\n{identity}\n"
    try:
        write_private_file(file.absolute(), lines)
    except OSError as error:
        raise RequestRefusedError(f"{file} can't be written: {error.strerror or error}") from error
    Console(stderr=True).print(
        f"{file} has the private key. Keep it elsewhere: without it, no backup can be restored",
        soft_wrap=True,
    )
    Console().print(public, soft_wrap=True)


@app.command()
def create(
    to: plan.To = None,
    recipient: Recipients = None,
    evidence: Evidence = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Write a backup now. Rapport may run meanwhile: it is a snapshot of one moment.

    Example:
    rapport backup create --to /mnt/backups --recipient age1…

    """
    with open_session(data) as session:
        planned = get_plan(session)
    place = to or (planned.target if planned else None)
    keys = recipient or (list(planned.recipients) if planned else [])
    if place is None or not keys:
        raise RequestRefusedError(
            "say where to and for whom: --to FOLDER --recipient age1…; `rapport backup new-key FILE` makes "
            "a key"
        )
    wanted = evidence if evidence is not None else planned is not None and planned.evidence
    settings = load_settings(data)
    with find_database(data) as url, show_bytes("backing up") as progress:
        report = make_backup(
            url,
            open_target(place),
            keys,
            evidence=settings.evidence_dir if wanted else None,
            keep=planned.keep if planned is not None and planned.target == place else None,
            progress=progress,
        )
    if as_json:
        print_answer(report)
        return
    for line in describe_report(report):
        print_text(line)


@app.command()
def verify(
    file: Annotated[str, typer.Argument(help="The file of the backup, or its address such as s3://….")],
    key: KeyFile,
    as_json: AsJson = False,
) -> None:
    """Read a whole backup and compare every checksum and number of rows. Needs no database.

    Exits with 1 if it was cut off or altered, or if the key is another one. A backup at an address is
    copied to a temporary file first (TMPDIR).
    """
    identity = read_identity(key)
    with open_for_reading(file) as backup, show_bytes("reading", total=file_size(backup.path)) as progress:
        verified = verify_backup(backup.path, identity, progress=progress)
    about, manifest = verified.about, verified.manifest
    answer = VerifiedBackup(
        file=backup.origin,
        at=about.at.isoformat(),
        age_seconds=int((clock.now() - about.at).total_seconds()),
        rapport=about.rapport,
        revision=about.revision,
        tables={table.name: table.rows for table in manifest.tables},
        rows=manifest.rows,
        files=len(manifest.evidence),
        left_out=manifest.left_out,
        keys=about.keys,
    )
    if as_json:
        print_answer(answer)
        return
    print_text(
        f"{backup.origin} is whole: {format_count(answer.rows, 'row', 'rows')} of {len(answer.tables)} "
        f"tables and {format_count(answer.files, 'file', 'files')} of evidence, of "
        f"{format_instant(about.at)}, {format_age(clock.now() - about.at)} old, by Rapport {about.rapport} "
        f"(revision {about.revision})"
    )
    if answer.left_out:
        print_text(f"not in it: {', '.join(answer.left_out)}")
    for variable, fingerprints in answer.keys.items():
        print_text(f"needs {variable} with the key {' or '.join(fingerprints) or 'that was set then'}")
