"""The rules of the domain alone: registration numbers, openings and their counts, classes and rosters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain import classes, companies, openings
from placement.domain.agreements import Parties, Term
from placement.domain.classes import ClassPlan, Ground, KnownStudent, RosterEntry
from placement.domain.openings import Opening, OpeningFacts
from placement.domain.programme import Participation, School, YearRules
from placement.domain.vocabulary import (
    ClassId,
    CompanyId,
    OpeningId,
    OpeningState,
    ParticipationState,
    SchoolId,
    StudentId,
    Year,
)

NOW = datetime(2025, 5, 1, tzinfo=UTC)
TODAY = date(2025, 5, 1)
MICROSECOND = timedelta(microseconds=1)
UNTIL = NOW + timedelta(days=14)
RULES = YearRules(Year(2025), 10, 20, 7, 2, 10)
SCHOOL = School(SchoolId("sch_1"), "모의공업고등학교", None, "seoul")
PLACE = Participation(Year(2025), SCHOOL, ParticipationState.SELECTED, frozenset({"work_study"}))
COMPANY = CompanyId("cmp_1")
TERM = Term(date(2025, 4, 1), date(2026, 2, 28))
PARTIES = Parties(Year(2025), StudentId("stu_1"), SCHOOL.id, ClassId("cls_1"), COMPANY, OpeningId("opn_1"))


def facts(**changed: Any) -> OpeningFacts:
    """An opening that keeps every public rule, at the limit of the hours."""
    whole = OpeningFacts(
        field="ai",
        title="개발 (모의)",
        province="seoul",
        address="모의로 1",
        wage_krw_per_hour=10_500,
        hours_per_day=8,
        hours_per_week=40,
        works_from=time(9),
        works_until=time(18),
        starts_on=date(2025, 9, 1),
        ends_on=None,
        criteria=(),
        places=1,
    )
    return replace(whole, **changed)


def rule_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    return refusal.value.rule


@pytest.mark.parametrize(
    "written",
    # The first is the example of python-stdnum, the others numbers that companies print on their own pages.
    ["116-82-00276", "1168200276", "124-81-00998", "220-81-62517"],
)
def test_a_real_business_registration_number_checks(written: str) -> None:
    assert companies.registration_number(written) == written.replace("-", "")


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("116-82-00278", "check_digit"),
        ("1168200277", "check_digit"),
        ("116820027", "ten_digits"),
        ("11682002766", "ten_digits"),
        ("116-8200276-", "ten_digits"),
        ("\uff11168200276", "ten_digits"),
        ("", "ten_digits"),
        ("0008200276", "number_never_given"),
        ("1160000276", "number_never_given"),
        ("1168200006", "number_never_given"),
    ],
)
def test_a_wrong_business_registration_number_is_refused(written: str, rule: str) -> None:
    with pytest.raises(Invalid) as refusal:
        companies.registration_number(written)
    assert rule_of(refusal) == rule
    assert refusal.value.field == "registration_number"


@given(nine=st.from_regex(r"[1-9][1-9]{2}[1-9]{2}[1-9]{4}", fullmatch=True), at=st.integers(0, 8))
def test_one_digit_changed_is_noticed_wherever_the_weight_allows_it(nine: str, at: int) -> None:
    """Weights 1, 3 and 7 have an inverse modulo ten, so such a slip never passes; the ninth's 5 has none."""
    changed = f"{nine[:at]}{(int(nine[at]) + 1) % 10}{nine[at + 1 :]}"
    if at < 8:
        assert companies.check_digit(changed) != companies.check_digit(nine)


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"wage_krw_per_hour": 10_319, "starts_on": date(2025, 9, 1)}, "wage_krw_per_hour", "minimum_wage"),
        ({"wage_krw_per_hour": 10_319, "starts_on": date(2026, 1, 1)}, "wage_krw_per_hour", "minimum_wage"),
        ({"hours_per_week": 41}, "hours_per_week", "working_hours"),
        ({"starts_on": date(2025, 4, 30)}, "starts_on", "starts_in_future"),
    ],
)
def test_an_opening_that_breaks_a_public_rule_is_refused_with_the_rule(
    changed: dict[str, Any], field: str, rule: str
) -> None:
    whole = facts(places=2)
    openings.check_openings([whole], TODAY)
    with pytest.raises(Invalid) as refusal:
        openings.check_openings([whole, replace(whole, **changed)], TODAY)
    assert (refusal.value.field, rule_of(refusal)) == (f"openings.1.{field}", rule)


def test_the_minimum_wage_of_2025_is_enough_and_its_source_is_told() -> None:
    lowest = facts(wage_krw_per_hour=10_030, starts_on=date(2025, 12, 31), ends_on=date(2025, 12, 31))
    openings.check_openings([lowest], TODAY)
    with pytest.raises(Invalid, match=r"KRW 10,030 an hour .*minimumwage\.go\.kr"):
        openings.check_openings([replace(lowest, wage_krw_per_hour=10_000)], TODAY)


@given(st.dates(date(2023, 1, 1), date(2030, 12, 31)), st.integers(0, 2000))
def test_the_minimum_wage_of_a_term_is_that_of_its_days_and_the_longer_the_term_the_higher(
    starts_on: date, days: int
) -> None:
    ends_on = starts_on + timedelta(days=days)
    of_days = {openings.minimum_wage(day, day) for day in (starts_on, ends_on)}
    wage, year = openings.minimum_wage(starts_on, ends_on)
    assert wage == max(each for each, _ in of_days)
    assert starts_on.year <= year <= ends_on.year
    assert openings.minimum_wage(starts_on, None)[0] >= wage


def opening(places: int = 2, held: int = 0, active: int = 0) -> Opening:
    offered = facts(places=places)
    return Opening(OpeningId("opn_1"), Year(2025), COMPANY, offered, OpeningState.PUBLISHED, held, active)


def test_places_are_held_taken_and_freed_one_by_one() -> None:
    full = opening().hold(2).occupy().occupy()
    assert (full.held, full.active, full.state, full.free) == (2, 2, OpeningState.FILLED, 0)
    freed = full.vacate()
    assert (freed.held, freed.active, freed.state, freed.free) == (1, 1, OpeningState.PUBLISHED, 1)
    assert opening(held=2).release().free == 1


@pytest.mark.parametrize(
    "step",
    [
        lambda: opening(held=2).hold(),
        lambda: opening().hold(3),
        lambda: opening().release(),
        lambda: opening(held=1, active=1).release(),
        lambda: opening().occupy(),
        lambda: opening(held=1, active=1).occupy(),
        lambda: opening(held=1).vacate(),
    ],
)
def test_no_count_of_places_leaves_its_bounds(step: Callable[[], object]) -> None:
    with pytest.raises(Conflict):
        step()


def plan(**changed: Any) -> ClassPlan:
    whole = ClassPlan(
        "work_study", "welding", 350, 20, (COMPANY,), Term(date(2025, 5, 1), date(2025, 12, 31))
    )
    return replace(whole, **changed)


GROUND = Ground(PLACE, RULES, frozenset({COMPANY}), TODAY)


def test_a_school_opens_classes_of_its_designations_and_general_ones() -> None:
    for track in ("work_study", "general"):
        opened = classes.open_class(ClassId("cls_1"), plan(track=track), GROUND, NOW)
        assert opened.plan.track == track


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"track": "new_technology"}, "track", "track_not_held"),
        ({"capacity": 9}, "capacity", "class_size"),
        ({"capacity": 21}, "capacity", "class_size"),
        ({"companies": (COMPANY, COMPANY)}, "companies", "distinct"),
        ({"companies": (COMPANY, CompanyId("cmp_2"))}, "companies.1", "agreement_not_in_force"),
        ({"term": Term(date(2025, 6, 1), date(2025, 5, 31))}, "ends_on", "term_in_order"),
        ({"term": Term(date(2025, 1, 1), date(2025, 4, 30))}, "ends_on", "term_over"),
    ],
)
def test_a_class_without_its_ground_is_refused(changed: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        classes.open_class(ClassId("cls_1"), plan(**changed), GROUND, NOW)
    assert (refusal.value.field, rule_of(refusal)) == (field, rule)


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        (replace(PLACE, state=ParticipationState.RELINQUISHED), "school_not_taking_part"),
        (replace(PLACE, state=ParticipationState.REVOKED), "school_not_taking_part"),
        (replace(PLACE, school=replace(SCHOOL, closed=True)), "school_closed"),
    ],
)
def test_a_school_that_left_begins_nothing_new(place: Participation, rule: str) -> None:
    with pytest.raises(Conflict) as refusal:
        place.require_taking_part()
    assert rule_of(refusal) == rule


def test_a_class_fills_to_its_capacity_and_takes_nobody_once_closed() -> None:
    opened = classes.open_class(ClassId("cls_1"), plan(capacity=10), GROUND, NOW)
    full = opened.enrol(10, TODAY)
    with pytest.raises(Conflict, match="0 seats left, 1"):
        full.enrol(1, TODAY)
    closed = opened.close("ended", NOW)
    with pytest.raises(Conflict) as refusal:
        closed.enrol(1, TODAY)
    assert rule_of(refusal) == "class_closed"
    with pytest.raises(Conflict):
        closed.close("ended", NOW)


def test_every_row_of_a_roster_that_breaks_a_rule_is_named() -> None:
    known = {
        "a": KnownStudent(StudentId("stu_1"), ClassId("cls_9")),
        "b": KnownStudent(StudentId("stu_2"), None),
    }

    def broken_rows(*references: str) -> list[tuple[str | None, str]]:
        roster = [
            RosterEntry(f"rows.{at}", ClassId("cls_1"), reference) for at, reference in enumerate(references)
        ]
        return [(each.field, each.rule) for each in classes.check_roster(roster, known, TODAY)]

    assert broken_rows("b", "c") == []
    broken = broken_rows("a", "b", "c", "b")
    assert broken == [("rows.0.reference", "enrolled_already"), ("rows.3.reference", "distinct")]
