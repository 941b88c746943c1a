"""Sphinx builds the site of the docs: `./run docs-test --site DIR`. A warning is an error.

Sphinx with MyST reads the pages as they are on GitHub, and refuses a link to a page or a heading that is not
there. (Material for MkDocs ends in May 2027, and its successor is before its version 1.)
"""

import re
import shutil
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx

project = "Rapport"
html_title = "Rapport"
html_theme = "furo"
html_copy_source = False
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
exclude_patterns = ["site"]
nitpicky = True

_MERMAID: Final = Path(__file__).parent / "node_modules/mermaid/dist"
"""What draws the diagrams. `./run docs-test --site` installs it by npm, as package-lock.json pins it. Without
it, the pages load it from a public server."""
_MERMAID_FILES: Final = "mermaid.esm.min.mjs", "chunks/mermaid.esm.min/*.mjs"
mermaid_use_local = "mermaid/mermaid.esm.min.mjs" if _MERMAID.exists() else ""

_LINK: Final = re.compile(r"\[([^]]*)\]\(\.\./([^)]+)\)")
_SECTION: Final = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_PAGE: Final = re.compile(r"\]\(([\w-]+)\.md\)")


def _link_sources(app: Sphinx, name: str, source: list[str]) -> None:
    """Link files of the repository to the repository if it is named (-D repository=OWNER/NAME)."""
    where = app.config.repository
    address = rf"[\1](https://github.com/{where}/blob/main/\2)" if where else r"\1"
    source[0] = _LINK.sub(address, source[0])
    if name == "index":
        source[0] += "".join(map(_list_pages, _SECTION.findall(source[0])))


def _list_pages(section: tuple[str, str]) -> str:
    """Return the list of a section's pages for the navigation."""
    caption, text = section
    pages = "\n".join(_PAGE.findall(text))
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"


def _copy_mermaid(app: Sphinx, error: Exception | None) -> None:
    """Serve the program that draws the diagrams from the site itself."""
    if error is not None or not mermaid_use_local:
        return
    for pattern in _MERMAID_FILES:
        for file in _MERMAID.glob(pattern):
            target = Path(app.outdir) / "_static/mermaid" / file.relative_to(_MERMAID)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def setup(app: Sphinx) -> None:
    """Register what the pages of a repository need."""
    app.add_config_value("repository", "", "env")
    app.connect("source-read", _link_sources)
    app.connect("build-finished", _copy_mermaid)
