"""Serve the practice network in this process."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn

from api_stub.sandbox.app import create_app


def serve(
    host: str,
    port: int,
    state_path: Path,
    time_zone: str,
    *,
    control_key: str,
    fixed_today: date | None = None,
) -> None:
    """Serve until the process is told to stop; open requests get one more second.

    The network's days begin in `time_zone`. With `fixed_today`, its date never changes (for tests).
    """
    zone = ZoneInfo(time_zone)

    def now() -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- the practice network may not import worker.clock

    def today() -> date:
        return fixed_today or now().astimezone(zone).date()

    app = create_app(state_path, today=today, now=now, control_key=control_key)
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)
