"""Find Chromium, build its command line, and explain why its sandbox can't be used."""

import os
import re
import shutil
from pathlib import Path
from typing import Final

_HEADLESS_SHELL = "chromium-headless-shell"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

INSTALL_HINT = (
    "no Chromium was found: run `playwright install chromium`, or install your system's chromium package, "
    "or set RAPPORT_CHROMIUM to the path of one"
)

_AS_ROOT: Final = "Chromium has no sandbox for root: start Rapport as an ordinary user"
NAMESPACES_FORBIDDEN: Final = (
    "this system doesn't let ordinary users create user namespaces, which the sandbox needs: in a "
    "container, use ops/seccomp.json; else see the sysctls kernel.apparmor_restrict_unprivileged_userns "
    "(0 allows them), "
    "kernel.unprivileged_userns_clone (1) and user.max_user_namespaces (above 0)"
)

_SANDBOX_ERROR: Final = re.compile(
    # Playwright's summary of the most frequent messages, or Chromium's own lines.
    r"sandboxing failed|\[err\].*(sandbox|zygote|namespace)",
    re.IGNORECASE,
)


def find_chromium(*, headless: bool = True) -> Path | None:
    """Return the Chromium or Chrome on the PATH, for systems without Playwright's own; None if there is none.

    Headless, the headless shell is preferred: it needs less processor time.
    """
    found = (shutil.which(name) for name in ((_HEADLESS_SHELL, *_NAMES) if headless else _NAMES))
    return next((Path(path) for path in found if path), None)


def launch_switches(*, load_media: bool) -> list[str]:
    """Return the command line switches that are added to Playwright's."""
    # In the engine: what `AccountContext` refuses calls Python, which may be busy with the database.
    return [] if load_media else ["--blink-settings=imagesEnabled=false", "--disable-remote-fonts"]


def find_sandbox_obstacle() -> str | None:
    """Return why Chromium can't start with its sandbox, as far as is known without trying, or None."""
    return _AS_ROOT if os.geteuid() == 0 else None


def is_sandbox_error(launch_error: str) -> bool:
    """Return whether Chromium failed to start because it can't use its sandbox."""
    return _SANDBOX_ERROR.search(launch_error) is not None
