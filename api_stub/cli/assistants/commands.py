"""Serve tools to assistants, by the Model Context Protocol."""

from typing import Annotated

import typer

from api_stub.assistants.server import create_server, serve_http
from api_stub.cli.stack.processes import LOOPBACK, Host, Port, prepare_environment
from worker.errors import ConfigurationError
from worker.processes import Process
from worker.settings import get_settings


def mcp(
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Serve at /mcp; each request brings its own key.")
    ] = False,
    host: Host = LOOPBACK,
    port: Port = 7716,
) -> None:
    """Serve tools to an assistant, over stdin and stdout. It asks the HTTP API, with a key of yours.

    The tools read, and change nothing until they are told to; none of them sends at once. docs/assistants.md
    has the assistants' settings.
    """
    if not http and get_settings().mcp_key is None:
        raise ConfigurationError(
            "`rapport mcp` needs RAPPORT_MCP_KEY, not set here: make a key with "
            "`rapport keys add assistant --scope read`"
        )
    settings = prepare_environment(Process.MCP)
    key = None if http or settings.mcp_key is None else settings.mcp_key.get_secret_value()
    server = create_server(settings.mcp_url, key, host, port)
    if http:
        serve_http(server, host, port)
    else:
        server.run("stdio")
