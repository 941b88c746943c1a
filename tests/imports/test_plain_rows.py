"""The rows of LinkedIn's export: the short way to make one, and long files read in blocks."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.imports import text_file
from db.imports.copy_rows import _to_plain_row, _to_row
from db.imports.entries import Connection, Entry, UnreadableEntryError
from db.imports.text_file import Line, Lines
from tests.imports.files import write_file

SIGNS = "ab Éß'\"\\,;()[]{}†⚰️🪦\x00\x1f\u00a0\u200d\ud800=1"
TEXTS = st.text(st.sampled_from(SIGNS), max_size=8) | st.text(max_size=20) | st.just("Jo (deceased 2020)")
SLUGS = st.sampled_from(["ann-roe-1", "ACoAAABcdefghijk", "Ann", "%C3%A9", "a" * 300, "é", ""])
URLS = SLUGS.map("https://www.linkedin.com/in/{}".format) | st.sampled_from(
    ["", "https://www.linkedin.com/in/ann/?miniProfileUrn=ACoAAABcdefghijk", "https://example.org", "\ud800"]
)
EMAILS = st.sampled_from(["", "Ann@X.org", 'a"\\b@x.org', "{a,b}@x.org", "no address", "a\x00@x.org"])
PLAIN = Connection(5, "Ann Roe", "https://www.linkedin.com/in/ann-roe-1", "", date(2020, 1, 2), "Co", "Head")


@given(
    st.builds(
        Connection,
        line=st.just(5),
        name=TEXTS,
        url=URLS,
        email=EMAILS,
        connected_on=st.none() | st.just(date(2020, 1, 2)),
        company=TEXTS,
        position=TEXTS,
    )
)
@example(PLAIN._replace(name="Ann ⚰ Roe"))
@example(PLAIN._replace(name="Roe, Ann"))
@example(PLAIN._replace(name="Ann [† 2020]"))
@example(PLAIN._replace(company="x" * 300))
@example(PLAIN._replace(email='a"\\b@x.org'))
def test_the_short_way_makes_the_same_rows(connection: Connection) -> None:
    row = _to_plain_row(connection, "linkedin")
    if row is None:
        return  # it takes the long way
    try:
        assert row == _to_row(Entry(connection.line, connection.person), "linkedin")
    except UnreadableEntryError as error:
        pytest.fail(f"a refused entry became a row: {error}")


def test_most_rows_take_the_short_way() -> None:
    assert _to_plain_row(PLAIN, "linkedin") is not None
    assert _to_plain_row(PLAIN._replace(name="Zoé O'Neil", email="zoe@x.org"), "linkedin") is not None


def read_line_by_line(path: Path, most: int) -> list[Line]:
    """Read the lines as Python does, without blocks."""
    found: list[Line] = []
    with path.open(encoding="utf-8", newline="") as file:
        while text := file.readline(most):
            cut = len(text) == most and not text.endswith(("\r", "\n"))
            found.append(Line(len(found) + 1, text, cut))
            while cut and (rest := file.readline(most)):
                cut = not rest.endswith(("\r", "\n"))
    return found


@given(
    st.lists(st.text("ab", max_size=12), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_blocks_make_the_same_lines(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], end: str, ends: bool
) -> None:
    path = write_file(tmp_path_factory.getbasetemp(), end.join([*texts, "" if ends else "c"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "MAX_LINE_CHARS", 9)
        patch.setattr(text_file, "_READ_CHARS", 4)
        lines = list(Lines(path, "utf-8"))
        cut: list[int] = []
        shown = list(Lines(path, "utf-8").list_texts(1, cut))
    expected = read_line_by_line(path, 9)
    assert lines == expected
    assert shown == ["-\n" if line.cut else line.text for line in expected[1:]]
    assert cut == [line.number for line in expected if line.cut][-1:]
