"""Windows are half-open, extensions only add, and what a call promised is not taken back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.applications.town import BEFORE, DEADLINE, MICROSECOND, OPENS, policy

from applications.domain.calls import Extension, Terms, Window, announce
from applications.domain.policy import Policy, ProgrammeYear
from applications.domain.vocabulary import CallId, CallState, Kind, SchoolId, Track, Year
from chassis.refusals import Conflict, Invalid, Refusal, Several

RULES = TypeAdapter(Policy).validate_python(policy())
YEAR = ProgrammeYear(Year(2025), RULES, BEFORE)
TERMS = Terms((Kind.NEW,), (Track.NEW_TECHNOLOGY,), OPENS, DEADLINE)
CALL = announce(CallId("cal_1"), YEAR, TERMS, BEFORE)
SCHOOL = SchoolId("sch_1")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - given a zone


def rules_of(refusal: Refusal) -> set[tuple[str | None, str]]:
    each = refusal.refusals if isinstance(refusal, Several) else [refusal]
    return {(one.field, one.rule) for one in each}


@given(MOMENTS, MOMENTS, MOMENTS)
def test_a_window_admits_from_its_opening_until_just_before_its_end(
    opens: datetime, closes: datetime, now: datetime
) -> None:
    window = Window(opens, closes)
    inside = opens <= now < closes
    assert window.admits(now) is inside
    if inside:
        window.admit(now)
        return
    with pytest.raises(Conflict) as refusal:
        window.admit(now)
    assert refusal.value.rule == ("call_not_open_yet" if now < opens else "deadline_passed")


@pytest.mark.parametrize(
    ("now", "admitted"),
    [
        (OPENS - MICROSECOND, False),
        (OPENS, True),
        (DEADLINE - MICROSECOND, True),
        (DEADLINE, False),
        (DEADLINE + MICROSECOND, False),
    ],
)
def test_a_microsecond_decides(now: datetime, *, admitted: bool) -> None:
    assert CALL.window().admits(now) is admitted


@given(MOMENTS)
def test_an_extension_never_shortens_a_window(until: datetime) -> None:
    assert CALL.window(until).closes_at == max(DEADLINE, until)


@given(MOMENTS, st.none() | MOMENTS)
def test_the_window_of_a_closed_call_admits_nobody(now: datetime, until: datetime | None) -> None:
    closed = replace(CALL, state=CallState.CLOSED)
    assert not closed.window(until).admits(now)
    with pytest.raises(Conflict):
        closed.window(until).admit(now)


@given(MOMENTS, st.none() | MOMENTS)
def test_a_call_closes_only_when_no_window_can_admit_anybody_any_more(
    now: datetime, last_extension: datetime | None
) -> None:
    ends = max(DEADLINE, last_extension or DEADLINE)
    if now < ends:
        with pytest.raises(Conflict) as refusal:
            CALL.close(last_extension, now)
        assert refusal.value.rule == "call_still_open"
    else:
        closed = CALL.close(last_extension, now)
        assert (closed.state, closed.closed_at, closed.version) == (CallState.CLOSED, now, 2)


def test_a_closed_call_is_not_closed_amended_or_extended() -> None:
    closed = CALL.close(None, DEADLINE)
    later = DEADLINE + timedelta(days=1)
    for attempt in (
        lambda: closed.close(None, later),
        lambda: closed.amend(TERMS, RULES, later),
        lambda: closed.extend(Extension(SCHOOL, later, "system_outage"), None, RULES, DEADLINE),
    ):
        with pytest.raises(Conflict) as refusal:
            attempt()
        assert refusal.value.rule == "call_closed"


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        (replace(TERMS, deadline=OPENS), {("deadline", "after_opening")}),
        (replace(TERMS, kinds=(Kind.NEW, Kind.NEW)), {("kinds", "distinct")}),
        (replace(TERMS, tracks=(Track.GENERAL,)), {("tracks.0", "track_of_the_year")}),
        (
            replace(TERMS, deadline=RULES.applications_end_by + MICROSECOND),
            {("deadline", "before_scoring_and_lot")},
        ),
    ],
)
def test_terms_that_contradict_themselves_or_the_year_are_refused(
    terms: Terms, named: set[tuple[str, str]]
) -> None:
    with pytest.raises(Invalid) as refusal:
        announce(CallId("cal_1"), YEAR, terms, BEFORE)
    assert rules_of(refusal.value) == named


def test_a_call_for_a_kind_that_stands_in_no_pool_is_refused() -> None:
    only_new = TypeAdapter(Policy).validate_python(
        policy(pools=[["new"]], questions=[], required_documents=[])
    )
    with pytest.raises(Invalid) as refusal:
        announce(
            CallId("cal_1"), replace(YEAR, policy=only_new), replace(TERMS, kinds=(Kind.CONTINUING,)), BEFORE
        )
    assert rules_of(refusal.value) == {("kinds.0", "kind_of_the_year")}


def test_a_deadline_that_has_passed_is_not_announced() -> None:
    with pytest.raises(Invalid) as refusal:
        announce(CallId("cal_1"), YEAR, TERMS, DEADLINE)
    assert rules_of(refusal.value) == {("deadline", "in_the_future")}


def test_before_it_opens_a_call_is_amended_freely() -> None:
    earlier = replace(TERMS, opens_at=OPENS - timedelta(days=1), deadline=DEADLINE - timedelta(days=9))
    assert CALL.amend(earlier, RULES, BEFORE) == replace(CALL, terms=earlier, version=2)


def test_once_open_a_call_only_gives() -> None:
    now = OPENS + timedelta(days=1)
    generous = Terms(
        (Kind.NEW, Kind.CONTINUING),
        (Track.NEW_TECHNOLOGY, Track.WORK_STUDY),
        OPENS,
        DEADLINE + timedelta(days=2),
    )
    amended = CALL.amend(generous, RULES, now)
    assert amended.terms == generous
    with pytest.raises(Several) as refusal:
        amended.amend(replace(TERMS, opens_at=OPENS - timedelta(days=1)), RULES, now)
    assert rules_of(refusal.value) == {
        ("opens_at", "already_open"),
        ("deadline", "not_earlier"),
        ("kinds", "not_fewer"),
        ("tracks", "not_fewer"),
    }


def test_after_the_deadline_nothing_moves_but_by_an_extension() -> None:
    later = replace(TERMS, deadline=DEADLINE + timedelta(days=1))
    with pytest.raises(Conflict) as refusal:
        CALL.amend(later, RULES, DEADLINE)
    assert refusal.value.rule == "deadline_passed"
    CALL.extend(Extension(SCHOOL, DEADLINE + timedelta(days=1), "system_outage"), None, RULES, DEADLINE)


@given(MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_an_extension_ends_later_than_before_and_in_the_future(
    until: datetime, before: datetime | None, now: datetime
) -> None:
    allowed = max(DEADLINE, before or DEADLINE) < until <= RULES.applications_end_by and now < until
    extension = Extension(SCHOOL, until, "system_outage")
    if allowed:
        CALL.extend(extension, before, RULES, now)
        return
    with pytest.raises(Invalid) as refusal:
        CALL.extend(extension, before, RULES, now)
    assert {field for field, _ in rules_of(refusal.value)} == {"until"}
