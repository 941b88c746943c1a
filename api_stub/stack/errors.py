"""Errors of the stack, with texts for the person at the terminal."""

from typing import Final

STARTED_ELSEWHERE: Final = (
    "`rapport up` isn't running here, and this command sees nothing else. For processes that systemd or "
    "Compose starts, see `systemctl list-units 'rapport*'` or `docker compose ps`"
)
"""The message in its place where the operator runs their own Postgres."""


class StackError(Exception):
    """The stack can't start or continue. The text says why and what to do, without a traceback."""


class AlreadyRunningError(StackError):
    """Another stack runs on this data folder."""


class NotRunningError(StackError):
    """The command needs a running Rapport, and none runs on this data folder."""


class DataLostError(StackError):
    """The files of an embedded server are gone while the stack runs."""


class CrashLoopError(StackError):
    """A process ended again and again. The text ends with the last lines of its log."""


class ChildDiedError(StackError):
    """A child process ended by itself. The text ends with the last lines of its log."""


class PortTakenError(StackError):
    """Another program took the port between the choice and the server's bind."""


class DemoNameTakenError(StackError):
    """The account with the demo's name is on another site than the practice network."""
