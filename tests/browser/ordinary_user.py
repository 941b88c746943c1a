"""Start Chromium as a user without capabilities, as in its container.

Arguments: a folder of that user, a seccomp profile or "", and system calls to remove from it. Prints as JSON
why there is no sandbox, the text of a page, the number of seccomp filters of its renderer, and the log.
"""

import asyncio.unix_events  # noqa: F401 -- read now: the user that we become may not be able to
import ctypes
import encodings.idna  # noqa: F401
import errno
import json
import logging
import os
import sys
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Any

import psutil

from api_stub.stack.environment import set_environment
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool

NOBODY = 65534
# from <seccomp.h> and <linux/prctl.h>
ALLOW, ERRNO, EQUAL = 0x7FFF0000, 0x00050000, 4
DROP_FROM_BOUNDING_SET, NO_NEW_PRIVILEGES = 24, 38


class Argument(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64),
    )  # fmt: skip


def give_up_rights() -> None:
    kernel = ctypes.CDLL(None)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        for capability in range(64):
            kernel.prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
        os.setuid(NOBODY)
    kernel.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def load(profile: dict[str, Any], left_out: set[str]) -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ERRNO | errno.EPERM)))
    for rule in profile["syscalls"]:
        action = ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule["errnoRet"]
        given = [Argument(each["index"], EQUAL, each["value"], 0) for each in rule.get("args", [])]
        for name in set(rule["names"]) - left_out:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number == -1:  # newer than this library; Docker ignores it as well
                continue
            arguments = (Argument * len(given))(*given)
            code = library.seccomp_rule_add_array(
                rules, ctypes.c_uint32(action), number, len(given), arguments
            )
            assert code == 0, name
    assert library.seccomp_load(rules) == 0


def filters(process: psutil.Process) -> int:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(lines["Seccomp_filters"])


def main() -> None:
    home, profile, *left_out = sys.argv[1:]
    set_environment({"HOME": home, "TMPDIR": home})
    chromium = find_chromium()
    rules = json.loads(Path(profile).read_text()) if profile else None
    give_up_rights()
    if rules is not None:
        load(rules, set(left_out))
    logged = MemoryHandler(capacity=100)
    logging.getLogger("worker").addHandler(logged)
    logging.getLogger("worker").setLevel(logging.INFO)
    with BrowserPool(chromium=chromium) as browser_pool:
        page = browser_pool.page_for(1, None)
        page.goto("data:text/html,<p>works")
        renderers = [p for p in psutil.Process().children(recursive=True) if "--type=renderer" in p.cmdline()]
        told = {
            "no_sandbox": browser_pool.find_sandbox_obstacle(),
            "text": page.inner_text("p"),
            "filters": max(map(filters, renderers)),
            "logged": [record.getMessage() for record in logged.buffer],
        }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
