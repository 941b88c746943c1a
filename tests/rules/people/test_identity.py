"""Who is who, by slug and member id, and what remains of two contacts of one person."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import Reason
from worker.rules.model import ActionState, ContactStatus
from worker.rules.people.addresses import find_member_url, is_member_url, normalise_profile_url
from worker.rules.people.identity import Match, PersonKeys, compare_keys
from worker.rules.people.merging import merge_values, rank_action

ID = "ACoAABq7-xKZ_mD4vPz0QwErTyUiOpAsDfGhJkL"
BY_ID = f"https://www.linkedin.com/in/{ID}/"
SLUG, OTHER_SLUG = "https://www.linkedin.com/in/jo-doe/", "https://www.linkedin.com/in/jo-roe/"
LOWER = f"https://www.linkedin.com/in/{ID.lower()}/"


@pytest.mark.parametrize(
    "written",
    [
        f"urn:li:fsd_profile:{ID}",
        f"urn:li:fs_miniProfile:{ID}",
        f"https://www.linkedin.com/in/{ID}",
        f"linkedin.com/in/{ID}/?isSelfProfile=false",
        f"https://www.linkedin.com/in/jo-doe?miniProfileUrn=urn%3Ali%3Afs_miniProfile%3A{ID}",
        f"https://www.linkedin.com/messaging/compose/?recipient={ID}",
        f"https://www.linkedin.com/messaging/compose/?profileUrn=urn%3Ali%3Afsd_profile%3A{ID}&recipient={ID}",
    ],
)
def test_a_member_id_is_found_and_kept_as_written(written: str) -> None:
    assert find_member_url(written, "linkedin") == BY_ID


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/jo-doe/",
        "urn:li:member:123456",
        f"urn:li:msg_message:(urn:li:fsd_profile:{ID},2-MTc=)",
        f"https://example.org/in/{ID}",
        f"https://www.linkedin.com/messaging/compose/?profileUrn=urn%3Ali%3Afsd_profile%3A{ID}x&recipient={ID}",
        "",
    ],
)
def test_anything_else_is_no_member_id(written: str) -> None:
    assert find_member_url(written, "linkedin") is None


@pytest.mark.parametrize(
    ("name", "is_id"),
    [
        ("ACoAB" + ID[5:], True),
        ("ACoAB" + ID[6:], False),
        ("AcoAB" + ID[5:], False),
        ("acoab" + ID[5:].lower(), False),
    ],
    ids=["another fifth letter", "too short", "another second letter", "lower case"],
)
def test_most_ids_begin_alike_but_not_all(name: str, *, is_id: bool) -> None:
    assert is_member_url(f"https://www.linkedin.com/in/{name}/", "linkedin") is is_id


def test_a_urn_is_an_address_and_an_id_in_lower_case_is_another_person() -> None:
    assert normalise_profile_url(f" urn:li:fsd_profile:{ID} ", "linkedin") == BY_ID
    assert is_member_url(BY_ID, "linkedin")
    assert not is_member_url(LOWER, "linkedin")
    assert normalise_profile_url(LOWER, "linkedin") != BY_ID


@pytest.mark.parametrize(
    ("stored", "shown", "match"),
    [
        ((SLUG, None), (SLUG, BY_ID), Match.SAME),
        ((SLUG, BY_ID), (SLUG, None), Match.SAME),
        ((SLUG, BY_ID), (OTHER_SLUG, BY_ID), Match.SAME),
        ((None, BY_ID), (None, BY_ID), Match.SAME),
        ((SLUG, BY_ID), (SLUG, BY_ID + "x"), Match.MOVED),
        ((SLUG, BY_ID), (OTHER_SLUG, BY_ID + "x"), Match.OTHER),
        ((None, BY_ID), (SLUG, None), Match.OTHER),
        ((SLUG, None), (None, BY_ID), Match.OTHER),
        ((SLUG, None), (OTHER_SLUG, BY_ID), Match.OTHER),
        ((None, BY_ID), (None, LOWER), Match.OTHER),
        ((None, None), (None, None), Match.OTHER),
    ],
)
def test_the_id_decides_and_the_slug_is_an_address(
    stored: tuple[str, str], shown: tuple[str, str], match: Match
) -> None:
    assert compare_keys(PersonKeys(*stored), PersonKeys(*shown)) is match


ADDRESSES = st.sampled_from([None, "a", "b"])
KEYS = st.builds(PersonKeys, ADDRESSES, ADDRESSES)


@given(KEYS, KEYS)
def test_comparing_keys_is_symmetric(one: PersonKeys, other: PersonKeys) -> None:
    assert compare_keys(one, other) is compare_keys(other, one)


BIRTHDAYS = st.sampled_from([(None, None, None), (2, 28, None), (2, 29, 1984), (3, 4, 1990), (3, 4, None)])
BY_HAND = st.sampled_from([None, {"birthday": {"by": "me"}}, {"allowed": True}])
DATES = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 9))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    month, day, year = draw(BIRTHDAYS)
    by_hand = draw(BY_HAND) if month else None
    text = st.sampled_from([None, "x", "y"])
    return {
        "profile_url": SLUG, "full_name": draw(st.sampled_from(["Jo Doe", "jo-doe"])), "by_hand": by_hand,
        "birth_month": month, "birth_day": day, "birth_year": year,
        "do_not_contact": draw(st.booleans()), "status": draw(st.sampled_from(ContactStatus)),
        "profile": draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"))),
        "call_by": draw(text), "email": draw(text), "language": draw(text), "connected_on": draw(DATES),
        "score": draw(st.none() | st.integers(0, 3)), "last_greeted_on": draw(DATES),
        "hold_until": draw(DATES), "hold_reason": draw(text), "hold_by": draw(text),
        "away_until": draw(DATES), "replied_at": draw(DATES),
        "import_id": draw(st.sampled_from([None, 1, 2])),
    }  # fmt: skip


ORDERLESS = ("do_not_contact", "status", "score", "last_greeted_on", "replied_at", "import_id",
             "hold_until", "away_until", "birth_month", "birth_day")  # fmt: skip


@given(rows(), rows())
def test_what_protects_a_person_does_not_depend_on_the_order(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    merged, again = merge_values(one, other), merge_values(other, one)
    by_hand = all("birthday" in (row["by_hand"] or {}) for row in (one, other))
    names = ORDERLESS[:-2] if by_hand else ORDERLESS
    assert {n: merged.values[n] for n in names} == {n: again.values[n] for n in names}
    assert merged.values["do_not_contact"] == (one["do_not_contact"] or other["do_not_contact"])
    holds = [row["hold_until"] for row in (one, other) if row["hold_until"]]
    assert merged.values["hold_until"] == max(holds, default=None)
    assert sorted(merged.days_in_doubt, key=str) == sorted(again.days_in_doubt, key=str)


@given(rows(), rows())
def test_merging_again_changes_nothing(one: dict[str, Any], other: dict[str, Any]) -> None:
    merged = {**one, **merge_values(one, other).values}
    assert {**merged, **merge_values(merged, merged).values} == merged
    if merged["birth_month"] is not None:
        assert {**merged, **merge_values(merged, other).values} == merged


@given(rows(), rows())
def test_a_birthday_is_kept_only_if_nothing_contradicts_it(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    merged = merge_values(one, other)
    days = {(row["birth_month"], row["birth_day"]) for row in (one, other)} - {(None, None)}
    by_hand = {
        (row["birth_month"], row["birth_day"]) for row in (one, other) if "birthday" in (row["by_hand"] or {})
    }
    kept = (merged.values["birth_month"], merged.values["birth_day"])
    if by_hand:
        assert kept in by_hand
    elif len(days) == 2 and days != {(2, 28), (2, 29)}:
        assert (kept, len(merged.days_in_doubt)) == ((None, None), 2)
    else:
        assert kept == max(days, default=(None, None))


def test_an_effect_outranks_a_decision_which_outranks_a_plan() -> None:
    done, unsure = (
        rank_action(ActionState.DONE, None),
        rank_action(ActionState.UNCERTAIN, Reason.PROOF_MISSING),
    )
    dropped = rank_action(ActionState.SKIPPED, Reason.DROPPED_BY_HAND)
    claimed, planned = rank_action(ActionState.CLAIMED, None), rank_action(ActionState.PLANNED, None)
    assert done > unsure > dropped > claimed > planned > rank_action(ActionState.SKIPPED, Reason.NO_NAME)
