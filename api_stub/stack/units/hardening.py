"""What a unit may not do. Each process has the strictest settings with which it still does its work."""

from pathlib import Path
from typing import Final

from api_stub.stack.units.unit import Lines

ANYWHERE: Final[Lines] = (
    ("UMask", "0077"),
    ("NoNewPrivileges", "yes"),
    ("LockPersonality", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
)
"""For units of a user, too. Anything that needs a namespace would keep a user's unit from starting wherever
ordinary users may not create user namespaces."""

_SYSTEM: Final[Lines] = (
    ("CapabilityBoundingSet", ""),
    ("AmbientCapabilities", ""),
    ("ProtectSystem", "strict"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectProc", "invisible"),
    ("RemoveIPC", "yes"),
    ("SystemCallErrorNumber", "EPERM"),
)
_WITHOUT_BROWSER: Final[Lines] = (
    ("PrivateUsers", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged"),
)
BROWSER_SYSTEM_CALLS: Final = "@system-service @pkey chroot seccomp"
"""Besides the usual: what Chromium's sandbox shuts itself in with, and V8's protection of its memory."""
_WITH_BROWSER: Final[Lines] = (
    # Chromium's sandbox: it makes these namespaces as an ordinary user, and changes its root in them.
    ("RestrictNamespaces", "user pid net"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    ("SystemCallFilter", BROWSER_SYSTEM_CALLS),
)
_HOMES: Final = (Path("/home"), Path("/root"))


def harden_system(*, browser: bool, reads: Path) -> Lines:
    """Return the settings for a unit of the system, which writes to its state folder only.

    `reads` is the installation: if it is in somebody's home, that must stay visible.
    """
    in_home = any(reads.is_relative_to(home) for home in _HOMES)
    return (
        *ANYWHERE,
        *_SYSTEM,
        ("ProtectHome", "read-only" if in_home else "yes"),
        *(_WITH_BROWSER if browser else _WITHOUT_BROWSER),
    )


def limit(*, memory: str, tasks: int) -> Lines:
    """Return the most memory that the unit may take, and the most processes and threads."""
    return (("MemoryMax", memory), ("TasksMax", str(tasks)))
