"""Run the practice network: `python -m api_stub.sandbox`. The control key is read from standard input."""

import argparse
import sys
from datetime import date
from pathlib import Path

from api_stub.sandbox.server import serve


def main() -> None:
    """Read the arguments and the key, and serve."""
    parser = argparse.ArgumentParser(prog="python -m api_stub.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file with the state")
    parser.add_argument("--time-zone", default="UTC")
    parser.add_argument("--today", type=date.fromisoformat, help="a fixed date, for tests")
    given = parser.parse_args()
    # every user of the machine can see a process's arguments
    key = sys.stdin.readline().strip()
    if not key:
        parser.error("give the control key on the first line of standard input")
    serve(given.host, given.port, given.state, given.time_zone, control_key=key, fixed_today=given.today)


if __name__ == "__main__":
    main()
