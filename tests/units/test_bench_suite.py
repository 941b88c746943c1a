"""The suite of benches: reading their tables, comparing two runs, and the page that holds them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import compare_results
from bench.figures import find_figure, meets_target
from bench.page import PAGE, fill_page
from bench.report import HEADINGS, Row
from bench.results import Results, Table, read_markdown, read_results
from bench.suite import SUITE

RESERVE = Row("reserve", "p50 243 µs, p99 3,589 µs", "INCR", "2.09", "<= 1.6")


def results(*rows: Row, name: str = "quota") -> Results:
    cells = tuple((row.what, row.measured, row.against, row.ratio, row.target) for row in rows)
    return Results(
        tables=(Table(name=name, at="2026-11-29T10:00:00+00:00", machine="a machine", seconds=3, rows=cells),)
    )


@pytest.mark.parametrize(
    ("row", "figure", "is_met"),
    [
        (RESERVE, 2.09, False),
        (replace(RESERVE, ratio="1.6"), 1.6, True),
        (Row("in the server", "55 µs", "", "", "<= 30 µs"), 55, False),
        (Row("a page", "p95 80 ms, 12,345 bytes", "bare, 2 ms", "40", "< 100 ms"), 80, True),
        (Row("rows", "7 s, 30,001 rows/s", "COPY", "5.0", ">= 30000 rows/s"), 30001, True),
        (Row("rows", "7 s, 29,999 rows/s", "COPY", "5.0", ">= 30000 rows/s"), 29999, False),
        (Row("decisions", "6884 a second", "limits", "1.7", ">= 3"), 1.7, False),
        (Row("twice", "0", "", "", "0"), 0, True),
        (Row("twice", "1", "", "", "0"), 1, False),
        (Row("wrong", "12 of 13", "", "0.92", ""), 0.92, None),
        (Row("nothing", "refused", "", "", "< 100 ms"), None, None),
    ],
)
def test_a_rows_figure_is_what_its_target_is_about(
    row: Row, figure: float | None, is_met: bool | None
) -> None:
    assert find_figure(row) == figure
    assert meets_target(row) is is_met


def test_only_what_changed_by_more_than_a_tenth_is_told_the_worst_first() -> None:
    rate = Row("rows", "100 rows/s", "", "", "")
    same = Row("page", "50 ms", "", "", "")
    old = results(RESERVE, rate, same)
    new = results(
        replace(RESERVE, ratio="1.0"), replace(rate, measured="50 rows/s"), replace(same, measured="54 ms")
    )
    worse, better = compare_results(old, new)
    assert (worse.what, worse.ratio) == ("quota: rows", "100% worse")
    assert (better.what, better.ratio) == ("quota: reserve", "52% better")
    assert not list(compare_results(results(RESERVE), results(RESERVE, name="another")))


def test_a_benchs_table_is_read_among_what_else_it_prints() -> None:
    lines = [HEADINGS, ("---",) * 5, ("a page", "3 ms", "", "", "< 100 ms")]
    printed = "\n".join(["starting", *("| " + " | ".join(line) + " |" for line in lines), ""])
    assert read_markdown(printed) == [Row("a page", "3 ms", "", "", "< 100 ms")]
    with pytest.raises(ValueError, match="no table"):
        read_markdown("| a | b |\n")


def test_the_page_has_a_place_for_every_bench() -> None:
    page = PAGE.read_text()
    for name in [bench.table_name(long=long) for bench in SUITE for long in {False, bench.has_long}]:
        filled = fill_page(page, results(RESERVE, name=name))
        assert "Measured on 29 November 2026 in 3 s: a machine." in filled
        assert "| reserve | p50 243 µs, p99 3,589 µs | INCR | 2.09 | <= 1.6 |" in filled
        assert fill_page(filled, results(RESERVE, name=name)) == filled
    with pytest.raises(ValueError, match="unheard of"):
        fill_page(page, results(RESERVE, name="unheard of"))


def test_the_picture_shows_each_figure_with_a_target(tmp_path: Path) -> None:
    # Here, because Matplotlib would be imported in every process of the tests.
    from bench.picture import draw_distances, list_distances  # noqa: PLC0415

    rate = Row("rows", "15,000 rows/s", "", "", ">= 30000 rows/s")
    shown = results(RESERVE, rate, Row("twice", "0", "", "", "0"), Row("free", "3 ms", "", "", ""))
    assert [(name, round(share, 2), is_met) for name, share, is_met in list_distances(shown)] == [
        ("quota: reserve", 1.31, False),
        ("quota: rows", 2.0, False),
    ]
    draw_distances(shown, tmp_path / "picture.svg")
    assert "<svg" in (tmp_path / "picture.svg").read_text()


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["unheard"], "no bench is called unheard; there are: names, quota,"),
        (["compare"], "compare needs the JSON of an older run"),
        (["quota", "--long"], "no bench with a long form is called quota; there are: lasting, load"),
        (["compare", "nowhere.json"], "nowhere.json can't be read"),
    ],
)
def test_wrong_arguments_are_told(arguments: list[str], said: str) -> None:
    ran = bench(*arguments)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_two_runs_are_compared(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(results(RESERVE).model_dump_json())
    new.write_text(results(replace(RESERVE, ratio="4.18")).model_dump_json())
    assert read_results(old) == results(RESERVE)
    assert "100% worse" in bench("compare", str(old), str(new)).stdout
    assert "nothing changed" in bench("compare", str(old), str(old)).stdout
