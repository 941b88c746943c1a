"""What can be wrong with a backup."""

from worker.errors import RequestRefusedError


class BackupDamagedError(RequestRefusedError):
    """The file is not a whole backup: it was cut off or altered, or it never was one."""


class BackupKeyError(RequestRefusedError):
    """The key that was given is none, or doesn't decrypt this backup."""
