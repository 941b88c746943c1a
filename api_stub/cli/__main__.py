"""`python -m api_stub.cli` is `rapport`."""

from api_stub.cli.main import main

main()
