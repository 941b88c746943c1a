"""`rapport env`: the variables of a running Rapport, for a shell."""

import shlex

from api_stub.cli.context import DEFAULT_DATA, DataDir
from api_stub.cli.formatting import print_text
from api_stub.cli.servers.local_servers import describe_not_running
from api_stub.stack.environment_file import read_environment
from api_stub.stack.errors import NotRunningError
from api_stub.stack.lock import is_locked


def env(data: DataDir = DEFAULT_DATA) -> None:
    """Print the addresses, keys and settings of the running Rapport as shell commands.

    To load them in bash, zsh or sh: eval "$(rapport env)". They contain passwords, so show them to nobody.
    """
    variables = read_environment(data)
    if not (variables and is_locked(data)):  # the file of a killed stack stays
        raise NotRunningError(describe_not_running(data))
    for name, value in variables.items():
        print_text(f"export {name}={shlex.quote(value)}")
