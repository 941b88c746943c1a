"""The units of `rapport up`: the embedded servers and all processes as one service."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api_stub.stack.units.hardening import ANYWHERE, harden_system, limit
from api_stub.stack.units.unit import Lines, Unit, command, quote

SERVICE: Final = "rapport.service"
STATE: Final = "rapport/service"
"""Below /var/lib. Not its parent, which holds the embedded Postgres of a root who started `rapport up`."""
SYSTEM_DATA: Final = Path("/var/lib", STATE, "data")
STATE_FOLDER: Final[Lines] = (
    ("StateDirectory", STATE),
    ("StateDirectoryMode", "0700"),
    ("WorkingDirectory", f"%S/{STATE}"),
    ("Environment", f"HOME=%S/{STATE}"),  # the user of a service has none, and Chromium wants one
)
_SERVERS_MIB: Final = 1536
"""Postgres, Redis, and all processes but the browser workers."""
_BROWSER_MIB: Final = 1280


@dataclass(frozen=True, slots=True)
class Installation:
    """What units need to know of this installation. `user` is None for units of the user who installs."""

    program: Path
    user: str | None
    chromium: Path | None = None

    @property
    def start(self) -> Lines:
        """The user, the folder, and the settings that a file may add."""
        chromium = (("Environment", quote(f"RAPPORT_CHROMIUM={self.chromium}")),) if self.chromium else ()
        return (
            *((("User", quote(self.user)),) if self.user is not None else ()),
            ("Environment", "RAPPORT_LOG_FORMAT=json"),
            *chromium,
            ("EnvironmentFile", "-%E/rapport/rapport.env"),
        )


def embedded_units(installed: Installation, data: Path, *, workers: int) -> Sequence[Unit]:
    """Return the service of the stack, and one that copies the processes' logs to the journal.

    `data` is the data folder of a user's units; those of the system keep theirs below /var/lib.
    """
    is_system = installed.user is not None
    folder = f"--data {quote(data)}" if not is_system else f"--data %S/{STATE}/data"
    up = (
        ("Type", "exec"),
        *installed.start,
        *(STATE_FOLDER if is_system else ()),
        # In the background, `up` prints no link that signs in: what it prints goes to the journal.
        (
            "ExecStart",
            f"{command(installed.program, 'up', '--in-background', '--workers', workers)} {folder}",
        ),
        ("Restart", "on-failure"),
        ("RestartSec", "10s"),
        ("KillMode", "mixed"),  # `up` stops its processes in order
        ("TimeoutStopSec", "60s"),
        *limit(memory=f"{_SERVERS_MIB + _BROWSER_MIB * workers}M", tasks=1024 + 512 * workers),
        *(harden_system(browser=True, reads=installed.program) if is_system else ANYWHERE),
    )
    logs = (
        ("Type", "exec"),
        *installed.start,
        *(STATE_FOLDER if is_system else ()),
        ("ExecStart", f"{command(installed.program, 'logs', '--follow', '--lines', 0, '--json')} {folder}"),
        ("SyslogIdentifier", "rapport"),
        ("Restart", "on-failure"),  # until `up` has begun
        ("RestartSec", "5s"),
        *limit(memory="256M", tasks=64),
        *(harden_system(browser=False, reads=installed.program) if is_system else ANYWHERE),
    )
    about_up = (
        ("Description", "Rapport, with its own Postgres and Redis"),
        ("Wants", "network-online.target rapport-logs.service"),
        ("After", "network-online.target"),
    )
    about_logs = (
        ("Description", "The logs of Rapport's processes, for the journal"),
        ("PartOf", SERVICE),
        ("After", SERVICE),
        ("StartLimitIntervalSec", "0"),
    )
    wanted_by = (("WantedBy", "multi-user.target" if is_system else "default.target"),)
    return (
        Unit(SERVICE, {"Unit": about_up, "Service": up, "Install": wanted_by}),
        Unit("rapport-logs.service", {"Unit": about_logs, "Service": logs}),
    )
