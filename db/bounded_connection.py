"""A connection of psycopg whose waits are bounded, and whose transactions cost few round trips."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar, cast

import psycopg
from psycopg import Pipeline, generators, sql
from psycopg.abc import AdaptContext, Params, PQGen, QueryNoTemplate
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

Answer = TypeVar("Answer")


class _Cursor(psycopg.Cursor[Any]):
    """Sends BEGIN with the first statement and COMMIT with the last; neither if all go together."""

    def execute(  # type: ignore[override]  # SQLAlchemy passes no template
        self,
        query: QueryNoTemplate,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """Execute one statement, with what goes before and after it; wait for all the answers together."""
        connection = cast("BoundedConnection", self.connection)
        if not connection.has_more_to_send():
            return super().execute(query, params, prepare=prepare, binary=binary)
        first, connection.sent_first = connection.sent_first, []
        commits, connection.commits_next = connection.commits_next, False
        is_whole = commits and connection.is_whole_when_sent_together()
        if is_whole and not first:
            with connection.without_begin():
                return super().execute(query, params, prepare=prepare, binary=binary)
        with connection.one_round_trip(begins=not is_whole):
            for statement, values in first:
                psycopg.RawCursor(connection).execute(statement, values)
            super().execute(query, params, prepare=prepare, binary=binary)
            if commits and not is_whole:
                connection.send_together([b"commit"])
        return self


class RawCursor(psycopg.RawCursor[Any], _Cursor):
    """The same for statements with `$1` parameters, which psycopg doesn't parse."""


class _UtcLoader(TimestamptzLoader):
    """Loads timestamps in UTC, whatever zone the connection has when the rows are read."""

    def __init__(self, oid: int, _context: AdaptContext | None = None) -> None:
        super().__init__(oid)  # with a connection it would take that one's zone


class _Batch(Pipeline):
    """Statements that are sent together, in as few packets as possible: psycopg's own sends each at once."""

    def _communicate_gen(self) -> PQGen[None]:
        yield from ()

    def send_and_fetch(self) -> PQGen[None]:
        """Send everything, and fetch every answer. Raises the first error."""
        self._enqueue_sync()
        while self.command_queue:
            self.command_queue.popleft()()
        yield from generators.send(self.pgconn)
        yield from self._fetch_gen(flush=False)


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that waits at most `answer_within_s` seconds for an answer; None: without limit.

    A frozen server does not enforce its own statement timeout, while its kernel still acknowledges packets,
    so keepalives don't detect it either.

    sent_first: statements with numbered parameters, to send before the next one, in its round trip
    commits_next: the transaction is committed with the next statement
    """

    answer_within_s: float | None = None
    commits_next = False
    _needs_begin = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- psycopg's own
        super().__init__(*args, **kwargs)
        self.cursor_factory = _Cursor
        self.sent_first: list[tuple[bytes, Sequence[Any]]] = []
        self._begin: tuple[bytes, ...] = (b"begin",)

    def set_limits(self, limits: Mapping[str, str], *, answer_within_s: float | None) -> None:
        """Bound every transaction by these settings of the server, and every wait by `answer_within_s`.

        They are set once, or by each transaction if a pooler answers: it refuses or ignores start-up options,
        and the next transaction may be on another connection of the server. For the same reason no statement
        is prepared then, and the zone is the server's again when rows are read after the end of their
        transaction. A pooler invents the process id that it gives to its client.
        """
        self.answer_within_s = answer_within_s
        self.autocommit = True
        row = self.execute("select pg_backend_pid()").fetchone()
        if row is None or row[0] != self.info.backend_pid:
            self.prepare_threshold = None
            self.adapters.register_loader("timestamptz", _UtcLoader)
            local = (sql.SQL("set local {} = {}").format(sql.Identifier(k), v) for k, v in limits.items())
            self._begin = (b"begin", *(each.as_bytes(self) for each in local))
        else:
            for name, value in limits.items():
                self.execute(sql.SQL("set {} = {}").format(sql.Identifier(name), value))
        self.autocommit = False

    def has_more_to_send(self) -> bool:
        """Return whether the next statement isn't sent alone."""
        if self.autocommit or self._pipeline:
            return False
        begins = self.pgconn.transaction_status == TransactionStatus.IDLE
        return begins or self.commits_next or bool(self.sent_first)

    def is_whole_when_sent_together(self) -> bool:
        """Return whether BEGIN and COMMIT can be left out: Postgres runs what is sent together as one.

        They can if no transaction has begun and it needs no limits of its own.
        """
        return self.pgconn.transaction_status == TransactionStatus.IDLE and len(self._begin) == 1

    @contextmanager
    def without_begin(self) -> Iterator[None]:
        """Begin no transaction before the block's only statement."""
        self._needs_begin = False
        try:
            with self._forgetting_prepared_at_an_error():
                yield
        finally:
            self._needs_begin = True

    @contextmanager
    def _forgetting_prepared_at_an_error(self) -> Iterator[None]:
        """Let psycopg prepare its statements anew after an error, as it does after a rollback.

        It believes that statements are prepared which an error kept from the server. Without BEGIN nothing is
        rolled back.
        """
        try:
            yield
        except BaseException:
            self._prepared.clear()
            raise

    @contextmanager
    def one_round_trip(self, *, begins: bool) -> Iterator[None]:
        """Send the block's statements together at its end. Raises the first error; what follows is skipped.

        `begins`: after BEGIN, if no transaction has begun. psycopg's own pipeline ends with a flush after its
        sync. Postgres takes that for the beginning of the next request, and then doesn't end a transaction
        whose client has gone silent.
        """
        idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        batch = self._pipeline = _Batch(self, _no_lock=True)
        try:
            with self._forgetting_prepared_at_an_error():
                self.wait(batch._enter_gen())  # noqa: SLF001 -- as psycopg's own `pipeline`
                if begins and idle:
                    self.send_together(self._begin)
                yield
                with self.lock:
                    self.wait(batch.send_and_fetch())
        finally:
            self._leave(batch)

    def send_together(self, commands: Sequence[bytes]) -> None:
        """Send commands with the statements of `one_round_trip`."""
        for command in commands:
            self.wait(self._exec_command(command))

    def _leave(self, batch: Pipeline) -> None:
        """End the batch. Closes the connection if answers are left: later statements would read them."""
        try:
            batch._exit(None)  # noqa: SLF001 -- as psycopg's own `pipeline`
        except psycopg.Error:  # only if something else was raised, which goes on
            self.pgconn.finish()
        finally:
            self._pipeline = None

    def rollback(self) -> None:
        """Roll back; what was to be sent with the next statement is not."""
        self.sent_first, self.commits_next = [], False
        super().rollback()

    def _start_query(self) -> PQGen[None]:
        """Begin a transaction if none has begun. psycopg's own method can't send several statements."""
        if self.autocommit or isinstance(self._pipeline, _Batch) or not self._needs_begin:
            return
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        if self._pipeline:  # psycopg's own, for many rows
            for command in self._begin:
                yield from self._exec_command(command)
            yield from self._pipeline._sync_gen()  # noqa: SLF001 -- as psycopg's own method
            return
        self.pgconn.send_query(b"; ".join(self._begin))
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for an answer. Raises OperationalError, and closes the connection, if none comes in time."""
        try:
            return super().wait(gen, interval, self.answer_within_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 -- what `timeout` is documented to raise
            self.pgconn.finish()
            raise
