"""The site of the docs builds without a warning, and every page is in its navigation."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.examples import ROOT


def build(source: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-E"]
    return subprocess.run(
        [*command, "-c", str(ROOT / "docs/site"), "-D", "repository=owner/name", str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


@pytest.mark.soak  # `./run docs-test` runs it, and a job of CI builds the site
def test_the_site_builds_without_a_warning_and_lists_every_page(tmp_path: Path) -> None:
    done = build(ROOT / "docs", tmp_path / "site")
    assert (done.stderr, done.returncode) == ("", 0)
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert {page.stem for page in (tmp_path / "site").glob("*.html")} - {"genindex", "search"} == pages
    quota = (tmp_path / "site/quota.html").read_text()
    assert 'href="https://github.com/owner/name/blob/main/worker/quota/quota.lua"' in quota


@pytest.mark.soak
def test_a_page_of_the_site_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which brings what draws the diagrams, is not installed")
    subprocess.run(
        [npm, "ci", "--ignore-scripts"], cwd=ROOT / "docs/site", check=True, stdout=subprocess.DEVNULL
    )
    assert build(ROOT / "docs", tmp_path / "site").returncode == 0
    for page in (tmp_path / "site").glob("*.html"):
        loads = (
            r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//|<link[^>]+stylesheet[^>]+//|import .*https?://"
        )
        assert re.findall(loads, page.read_text()) == [], page.name
    assert (tmp_path / "site/_static/mermaid/mermaid.esm.min.mjs").exists()


BROKEN = {
    "[a](b.md#nothing)": "local id not found",
    "[a](none.md)": "target not found",
    "![a](none.png)": "not readable",
    "# Two\n\n### Four": "header level",
}
"""What can be broken in a page, and what the build says then."""


def check_build(source: Path, *broken: str) -> None:
    """Build a site with these in a page, and check that each is named."""
    source.mkdir()
    text = "\n\n".join(broken)
    (source / "index.md").write_text(f"# One\n\n## Pages\n\n[b](b.md)\n\n{text}\n")
    (source / "b.md").write_text("# B\n")
    done = build(source, source / "site")
    assert done.returncode != 0
    assert [each for each in broken if BROKEN[each] not in done.stderr] == []


def test_what_is_broken_is_named_by_the_build(tmp_path: Path) -> None:
    check_build(tmp_path / "docs", *BROKEN)


@pytest.mark.soak
@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_stops_the_build(tmp_path: Path, broken: str) -> None:
    check_build(tmp_path / "docs", broken)
