"""Run `rapport` as `python -m api_stub.cli`."""

from worker.collector import importing

with importing():
    from api_stub.cli.main import main

main()
