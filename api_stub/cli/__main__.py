"""Run `rapport` as `python -m api_stub.cli`."""

from api_stub.cli.main import main

main()
