"""Run the HTTP API: `python -m api_stub.http --host ADDRESS --port PORT`."""

import argparse
import os
import threading
from types import FrameType
from typing import Final

import uvicorn

from api_stub.http.connection_limits import connection_settings

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
    given = parser.parse_args()
    Server(
        uvicorn.Config(
            "api_stub.http.app:create_app_from_environment",
            factory=True,
            host=given.host,
            port=given.port,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            **connection_settings(),
        )
    ).run()


if __name__ == "__main__":
    main()
