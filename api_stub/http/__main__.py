"""Run the HTTP API: `python -m api_stub.http --host ADDRESS --port PORT [--only-metrics]`."""

import argparse
import os
import threading
from types import FrameType
from typing import Final

import uvicorn

from worker.collector import importing

with importing():
    from api_stub.http.limits.connection_limits import connection_settings

GRACE_S: Final = 5
"""How long open requests may take after the process was told to stop."""
FORCED_EXIT_S: Final = 8.0
"""The process exits then, even if a thread hangs: a thread that waits for a server can't be stopped."""


class Server(uvicorn.Server):
    """A uvicorn server that exits within seconds when it is told to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, and start a timer that forces the exit."""
        if not self.should_exit:
            end = threading.Timer(FORCED_EXIT_S, os._exit, [1])
            end.daemon = True
            end.start()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve until a signal stops the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--only-metrics", action="store_true", help="serve this machine's metrics, no API")
    given = parser.parse_args()
    app = "process_metrics:create_metrics_app" if given.only_metrics else "app:create_app_from_environment"
    config = uvicorn.Config(
        f"api_stub.http.{app}",
        factory=True,
        host=given.host,
        port=given.port,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
        **connection_settings(),
    )
    with importing():
        config.load()
    Server(config).run()


if __name__ == "__main__":
    main()
