"""`python -m api_stub.sandbox`: serve the practice network. The control key comes on standard input."""

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
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file that remembers everything")
    parser.add_argument("--time-zone", default="UTC")
    parser.add_argument("--today", type=date.fromisoformat, help="a day that never ends, for tests")
    given = parser.parse_args()
    # an argument would show in the list of processes
    key = sys.stdin.readline().strip()
    if not key:
        parser.error("the control key is wanted on the first line of standard input")
    serve(given.host, given.port, given.state, given.time_zone, control_key=key, fixed_today=given.today)


if __name__ == "__main__":
    main()
