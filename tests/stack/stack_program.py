"""A small stack, run as a process of its own so that tests can interrupt and kill it.

Arguments: data folder, folder for root's servers, what to do: `once`, `stay`, or `crash` (wait for the
restart of a service that ended).
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

from api_stub.stack.errors import StackError
from api_stub.stack.servers import unprivileged
from api_stub.stack.stack import Service, Stack
from api_stub.stack.supervisor import RestartPolicy, Supervisor

# Like a browser, the inner process leaves the session of the one that started it.
_STRAY = (
    "import subprocess, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"
)
_STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    data_dir, unprivileged._SHARED_FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
    say("begin")
    with Stack(data_dir, durable=False, on_step=say) as stack:
        stack.start(
            Service("family", ("sh", "-c", "sleep 600 & sleep 600")),
            Service("stubborn", (sys.executable, "-c", _STUBBORN), grace=timedelta(milliseconds=300)),
        )
        stack.start(Service("stray", (sys.executable, "-c", _STRAY)))
        say("ready")
        if sys.argv[3] == "crash":
            stack.start(Service("crashing", ("sh", "-c", "sleep 0.2; exit 3")))
            supervisor = Supervisor(stack, say, policy=RestartPolicy(first_delay=timedelta(seconds=30)))
            while True:
                supervisor.check()
                time.sleep(0.02)
        while sys.argv[3] == "stay":
            stack.check()
            time.sleep(0.02)
    say("stopped")


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
