"""Find the scripts for which this machine has no font. Screenshots show their letters as boxes."""

import platform
import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

SCRIPTS: Final[Mapping[str, tuple[str, str]]] = {
    "Chinese": (":lang=zh-cn", "fonts-noto-cjk"),
    "Japanese": (":lang=ja", "fonts-noto-cjk"),
    "Korean": (":lang=ko", "fonts-noto-cjk"),
    "Hindi": (":lang=hi", "fonts-noto-core"),
    "Bengali": (":lang=bn", "fonts-noto-core"),
    "Tamil": (":lang=ta", "fonts-noto-core"),
    "Thai": (":lang=th", "fonts-noto-core"),
    "Arabic": (":lang=ar", "fonts-noto-core"),
    "Hebrew": (":lang=he", "fonts-noto-core"),
    "Greek": (":lang=el", "fonts-noto-core"),
    "Cyrillic": (":lang=uk", "fonts-noto-core"),
    "emoji": (":charset=1f680", "fonts-noto-color-emoji"),
}
"""For each script: a pattern of fontconfig that its fonts match, and a Debian package with such fonts."""


def find_missing_scripts() -> Mapping[str, str]:
    """Return the scripts without a font, and the Debian package of each. macOS has fonts for all of them.

    Raises FileNotFoundError if fontconfig's `fc-list` is not installed.
    """
    if platform.system() == "Darwin":
        return {}
    program = shutil.which("fc-list")
    if program is None:
        raise FileNotFoundError("fc-list")
    return {
        script: package for script, (pattern, package) in SCRIPTS.items() if not _has_font(program, pattern)
    }


def _has_font(program: str, pattern: str) -> bool:
    listing = subprocess.run(
        [program, pattern, "family"], capture_output=True, check=False, text=True, timeout=30
    )
    return bool(listing.stdout.strip())
