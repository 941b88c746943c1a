"""An engine of Docker, of Debian's packages, in namespaces of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.cluster import wait_for
from tests.drills.machine import Machine

PACKAGES: Final = "ca-certificates,docker.io,docker-cli,docker-compose,iptables,iproute2"
_ENTER: Final = """
set -eu
cd "$0"
mount --make-rprivate /
mount --bind "$0" "$0"
cd "$0"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p former
pivot_root . former
umount --lazy former
ip link set lo up
exec dockerd "$@" >/var/log/dockerd.log 2>&1
"""


@contextmanager
def started(root: Path, *, is_apart: bool) -> Iterator[Machine]:
    """Start the engine of the Debian in this folder, and end it with its containers.

    Apart, it has a network of its own without a way out. Otherwise it has this machine's, and its containers
    reach nothing unless they share that.
    """
    options = [] if is_apart else ["--bridge=none", "--iptables=false"]
    apart = ["--net"] if is_apart else []
    outer = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", *apart, "sh", "-c", _ENTER, root, *options],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    inner = wait_for("the engine", lambda: psutil.Process(outer.pid).children())[0]
    try:
        wait_for("dockerd", lambda: inner.name() == "dockerd")
        machine = Machine(inner.pid)
        machine.wait_until(
            "the engine", "docker version >/dev/null 2>&1 && echo up", lambda said: "up" in said
        )
        yield machine
    finally:
        inner.terminate()  # it is the first process of its namespace, so that all others end with it
        outer.wait(120)
