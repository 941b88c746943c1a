"""What can go wrong with the stack, told to the person at the terminal."""


class StackError(Exception):
    """The stack can't start or go on. The text says why and what to do; no traceback is needed."""


class AlreadyRunningError(StackError):
    """Another stack holds this data folder."""


class ChildDiedError(StackError):
    """A process of ours ended by itself. The text ends with the last lines of its log."""


class PortTakenError(StackError):
    """Someone took the port between our choosing it and the server's binding it."""
