"""Print the report of an import: of a file, or of what changed in a subscription."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from api_stub.cli.formatting import print_text
from db.imports.merge import ImportFile
from db.imports.report import ImportReport, RefusalGroup
from db.store.people.accounts import AccountRecord
from worker.rules.wording.counts import format_count

_MAX_SHOWN: Final = 20


def print_report(
    report: ImportReport,
    file: ImportFile,
    account: AccountRecord,
    *,
    dry_run: bool = False,
    names: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """Print counts and reasons. `names` are shown beside the lines that they are on."""
    entries = format_count(report.read, "entry", "entries")
    read = f"{file.name} ({file.source}, {file.encoding}): {entries} read"
    print_text(f"{read}, nothing changed: a dry run" if dry_run else read)
    print_text(
        f"  people: {report.new} new, {report.changed} changed, {report.same} unchanged; "
        f"{format_count(report.repeated, 'further entry', 'further entries')} of the same people"
    )
    confirm = "`rapport contacts confirm`"
    for count, what in (
        (report.doubts, f"{_wait(report.doubts)} until you say whose: {confirm}"),
        (report.asked, f"{_wait(report.asked)} until you say which day is right: {confirm}"),
        (report.forgotten, "skipped: people who asked to be forgotten"),
        (report.died, f"{'person has' if report.died == 1 else 'people have'} died: do-not-contact is set"),
        (
            report.maybe_same,
            "may be one with another contact, by name and birthday; one is greeted: `rapport contacts same`",
        ),
        *((count, f"skipped: {what}") for what, count in report.skipped.items()),
    ):
        if count:
            print_text(f"  {count} {what}")
    if report.differing:
        lines = ", ".join(_name_line(line, names) for line in report.differing_lines[:_MAX_SHOWN])
        more = ", …" if report.differing > _MAX_SHOWN else ""
        differ = format_count(report.differing, "birthday differs", "birthdays differ")
        print_text(f"  {differ} from what is stored, which stays: lines {lines}{more}")
    if report.gone:
        shown = report.gone_names[:_MAX_SHOWN]
        more = f" and {report.gone - len(shown)} more" if report.gone > len(shown) else ""
        print_text(f"  no longer in the source, and still contacts: {', '.join(shown)}{more}")
    _print_groups("values left out", report.lost, report.loss_groups, names)
    if report.unused:
        values = ", ".join(f"{name} ({count})" for name, count in report.unused.items())
        print_text(f"  not used, with the number of values: {values}")
    _print_groups("refused", report.refused, report.groups, names)
    for site, count in report.elsewhere[:1] if report.refused else ():
        have = "1 of them has an address" if count == 1 else f"{count} of them have addresses"
        print_text(
            f"  {have} of {site}, but account {account.name} is on {account.site}. Add an account on {site}: "
            f"`rapport account add NAME --site {site}`; to use the same name, first `rapport account "
            f"remove {account.name}`"
        )


def _wait(birthdays: int) -> str:
    return "birthday waits" if birthdays == 1 else "birthdays wait"


def _name_line(line: int, names: Mapping[int, str]) -> str:
    return f"{line} ({names[line]})" if line in names else str(line)


def _print_groups(what: str, count: int, groups: Sequence[RefusalGroup], names: Mapping[int, str]) -> None:
    if count:
        print_text(f"  {what}: {count}")
    for group in groups:
        print_text(f"    {_describe_group(group, names)}")


def _describe_group(group: RefusalGroup, names: Mapping[int, str]) -> str:
    differ = len(set(group.values)) > 1
    lines = ", ".join(
        f"{_name_line(line, names)}: {value}" if differ else _name_line(line, names)
        for line, value in zip(group.lines, group.values, strict=True)
    )
    lines += ", …" if group.count > len(group.lines) else ""
    if group.count == 1:
        return f"line {lines}: {group.reason}"
    return f"{group.count} entries: {group.reason} (lines {lines})"
