"""What the embedded Postgres and Redis share: a server as a child process on a free loopback port."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from api_stub.stack.errors import ChildDiedError, PortTakenError
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.ports import start_on_free_port


class EmbeddedServer(ABC):
    """A server of one data folder; a context manager that starts and stops it."""

    START_TIMEOUT: ClassVar[timedelta]
    STOP_GRACE: ClassVar[timedelta]
    PORT_TAKEN: ClassVar[str]
    """What the server's log says if another program has the port."""

    def __init__(self, data_dir: Path, table: ProcessTable | None, port: int) -> None:
        self._data_dir = data_dir.absolute()
        self._table = table or ProcessTable(self._data_dir)
        self._child: Child | None = None
        self._start_child: Callable[[int], Child] | None = None
        self._port = port  # if it is free

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """The server's address, with the password. Valid from start to stop."""

    @property
    def child(self) -> Child | None:
        """The server's process, while it is started."""
        return self._child

    @abstractmethod
    def start(self) -> None:
        """Start the server, and return when it can be used."""

    def restart(self) -> None:
        """Start the server again after it ended by itself, on its port, because its clients know that one.

        Raises DataLostError if its data is gone, and ChildDiedError, PortTakenError or StackError if it
        can't be started now.
        """
        self.stop()
        self._prepare_restart()
        if self._start_child is not None:
            self._try_port(self._port, self._start_child)

    def stop(self) -> None:
        """Stop the server cleanly: everything that it has accepted is on disk."""
        if self._child is not None:
            self._child.stop(self.STOP_GRACE)
            self._table.forget(self._child)
            self._child = None

    @abstractmethod
    def _prepare_restart(self) -> None:
        """Check the data folder before a restart. Raises DataLostError if it is gone."""

    @abstractmethod
    def _is_ready(self) -> bool: ...

    def _start_on_free_port(self, start_child: Callable[[int], Child]) -> None:
        """Start the child on a free port, the former one if possible, and wait until it is ready."""
        self._start_child = start_child
        start_on_free_port(lambda port: self._try_port(port, start_child), preferred=self._port)

    def _try_port(self, port: int, start_child: Callable[[int], Child]) -> None:
        self._port = port
        child = start_child(port)
        try:
            child.wait_until(self._is_ready, self.START_TIMEOUT)
        except ChildDiedError:
            if self.PORT_TAKEN not in child.tail():
                raise
            self._table.forget(child)
            raise PortTakenError(f"another program has taken port {port}") from None

    def _set_child(self, child: Child) -> None:
        self._child = child
