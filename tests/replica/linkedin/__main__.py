"""Run the replica: `python -m tests.replica.linkedin`. RAPPORT_SANDBOX_KEY is its control key."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

import uvicorn
from uvicorn.protocols.http import h11_impl

from tests.replica.linkedin.app import create_app
from worker.settings import get_settings


def main() -> None:
    """Read the arguments and the key, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.replica.linkedin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True, help="the file with everything that happened")
    parser.add_argument("--today", type=date.fromisoformat, help="a fixed date")
    given = parser.parse_args()
    key = get_settings().required("sandbox_key").get_secret_value()

    def now() -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- a site has its own clock

    app = create_app(given.journal, today=lambda: given.today or now().date(), now=now, control_key=key)
    h11_impl.STATUS_PHRASES[999] = b"Request denied"  # LinkedIn's own status
    uvicorn.run(
        app, http="h11", host="127.0.0.1", port=given.port, log_level="warning", timeout_graceful_shutdown=1
    )


if __name__ == "__main__":
    main()
