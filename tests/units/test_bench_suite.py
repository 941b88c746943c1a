"""The suite of benches: reading their tables, comparing two runs, and the page that holds them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import compare_results, describe_comparison
from bench.figures import find_figure, meets_target
from bench.page import PAGE, fill_page
from bench.report import HEADINGS, Row
from bench.results import Results, Table, read_markdown, read_results
from bench.suite import SUITE

RESERVE = Row("reserve", "p50 243 µs, p99 3,589 µs", "INCR", "2.09", "<= 1.6")


def a_table(*rows: Row, name: str = "quota", machine: str = "a machine") -> Table:
    cells = tuple((row.what, row.measured, row.against, row.ratio, row.target) for row in rows)
    return Table(name=name, at="2026-11-29T10:00:00+00:00", machine=machine, seconds=3, rows=cells)


def results(*rows: Row, name: str = "quota", machine: str = "a machine") -> Results:
    return Results(tables=(a_table(*rows, name=name, machine=machine),))


@pytest.mark.parametrize(
    ("row", "figure", "is_met"),
    [
        (RESERVE, 2.09, False),
        (replace(RESERVE, ratio="1.6"), 1.6, True),
        (Row("in the server", "55 µs", "", "", "<= 30 µs"), 55, False),
        (Row("a page", "p95 80 ms, 12,345 bytes", "bare, 2 ms", "40", "< 100 ms"), 80, True),
        (Row("rows", "7 s, 30,001 rows/s", "COPY", "5.0", ">= 30000 rows/s"), 30001, True),
        (Row("rows", "7 s, 29,999 rows/s", "COPY", "5.0", ">= 30000 rows/s"), 29999, False),
        (Row("a search", "p95 80.0 ms, p50 2 ms", "", "1.4", "< 100 ms, < 1.5"), 80, True),
        (Row("a search", "p95 80.0 ms, p50 2 ms", "", "1.6", "< 100 ms, < 1.5"), 80, False),
        (Row("actions", "151 a second", "empty", "0.24", ">= 0.25, >= 150 a second"), 0.24, False),
        (Row("decisions", "6884 a second", "limits", "1.7", ">= 3"), 1.7, False),
        (Row("twice", "0", "", "", "0"), 0, True),
        (Row("twice", "1", "", "", "0"), 1, False),
        (Row("wrong", "12 of 13", "", "0.92", ""), 0.92, None),
        (Row("nothing", "refused", "", "", "< 100 ms"), None, None),
        (Row("greetings", "150 in 78 s, 116 a minute", "", "", ""), 116, None),
        (Row("a run", "6,477 of 15,000 greetings in 61 s", "", "", ""), 61, None),
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
    lost = Row("lost", "1", "", "", "")
    old = results(RESERVE, rate, same, lost)
    new = results(
        replace(RESERVE, ratio="1.0"), replace(rate, measured="50 rows/s"), replace(same, measured="54 ms")
    )
    assert list(describe_comparison(compare_results(old, new))) == [
        "Worse (1):",
        "- quota: rows: was 100 rows/s, is 50 rows/s, 100% worse",
        "Better (1):",
        f"- quota: reserve: was {RESERVE.measured} (2.09), is {RESERVE.measured} (1.0), 52% better",
        "Others, by at most a tenth: 1.",
        "Figures in only one of the two runs: 1.",
    ]


def test_a_comparison_says_which_targets_are_missed_and_where_the_machine_was_busy() -> None:
    met = replace(RESERVE, ratio="1.5")
    assert str(*compare_results(results(met), results(RESERVE)).changes).endswith(
        "39% worse; its target of <= 1.6 is missed now"
    )
    worse = replace(RESERVE, ratio="4")
    assert str(*compare_results(results(RESERVE), results(worse)).changes).endswith("is still missed")
    busy = results(RESERVE, machine="2 cores, a load of 26.7 before")
    said = list(
        describe_comparison(compare_results(busy, results(RESERVE, machine="2 cores, a load of 3.9 before")))
    )
    assert said[0] == "Nothing changed by more than a tenth (figures compared: 1)."
    assert said[1].endswith("so their figures say little: quota.")


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
        (
            ["quota", "--long"],
            "no bench with a long form is called quota; there are: backup, partitions, bloat",
        ),
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
    assert "Nothing changed" in bench("compare", str(old), str(old)).stdout
