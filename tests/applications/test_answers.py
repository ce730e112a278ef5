"""Answers are kept incomplete and accepted complete; what is missing is named, all of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.applications.town import HEADS, policy

from applications.domain.answers import Answers, Asked
from applications.domain.policy import Policy
from applications.domain.vocabulary import Kind, Track

RULES = TypeAdapter(Policy).validate_python(policy())
TRACKS = frozenset({Track.WORK_STUDY, Track.NEW_TECHNOLOGY})


def asked(kind: Kind) -> Asked:
    return Asked(RULES.questions_for(kind), RULES.documents_for(kind), TRACKS)


def answers(**figures: str) -> Answers:
    return Answers(
        (Track.NEW_TECHNOLOGY,), accepts_general=True, figures={k: Decimal(v) for k, v in figures.items()}
    )


def named(given: Answers, kind: Kind) -> set[tuple[str | None, str]]:
    return {(refusal.field, refusal.rule) for refusal in given.incomplete(asked(kind))}


def test_nothing_answered_names_all_that_is_asked() -> None:
    assert named(Answers(), Kind.NEW) == {
        ("accepts_general", "required"),
        ("figures.planned_students", "required"),
    }
    assert named(Answers(), Kind.CONTINUING) == {
        ("accepts_general", "required"),
        ("figures.planned_students", "required"),
        *((f"figures.{name}", "required") for name in HEADS),
    }


def test_what_is_complete_lacks_nothing() -> None:
    assert named(answers(planned_students="45"), Kind.NEW) == set()
    assert named(answers(planned_students="45", **HEADS), Kind.CONTINUING) == set()


@pytest.mark.parametrize(
    ("figure", "rule"), [("0", "at_least"), ("0.999", "at_least"), ("300.5", "at_most"), ("-1", "at_least")]
)
def test_a_figure_out_of_bounds_is_named(figure: str, rule: str) -> None:
    assert named(answers(planned_students=figure), Kind.NEW) == {("figures.planned_students", rule)}


@pytest.mark.parametrize("figure", ["1", "300"])
def test_bounds_are_inclusive(figure: str) -> None:
    assert named(answers(planned_students=figure), Kind.NEW) == set()


def test_a_new_school_reports_no_performance() -> None:
    assert named(answers(planned_students="45", employed="3"), Kind.NEW) == {("figures.employed", "asked")}


def test_tracks_are_of_the_call_each_named_once_or_general_support_is_welcome() -> None:
    figures = {"planned_students": Decimal(45)}
    twice = Answers((Track.WORK_STUDY, Track.WORK_STUDY), accepts_general=True, figures=figures)
    foreign = Answers((Track.WORK_STUDY, Track.REGIONAL_KEY_INDUSTRY), accepts_general=True, figures=figures)
    nothing = Answers((), accepts_general=False, figures=figures)
    general = Answers((), accepts_general=True, figures=figures)
    assert named(twice, Kind.NEW) == {("tracks", "distinct")}
    assert named(foreign, Kind.NEW) == {("tracks.1", "track_of_the_call")}
    assert named(nothing, Kind.NEW) == {("tracks", "asks_for_something")}
    assert named(general, Kind.NEW) == set()


def test_heads_are_whole_numbers() -> None:
    halves = answers(planned_students="45.5", **(HEADS | {"employed": "19.5"}))
    assert named(halves, Kind.CONTINUING) == {("figures.employed", "whole_number")}


HEAD = st.integers(0, 100)


@given(HEAD, HEAD, HEAD, HEAD, HEAD, HEAD)
def test_parts_of_graduates_add_up_to_no_more_and_retained_is_part_of_employed(
    graduates: int, employed: int, advanced: int, enlisted: int, excluded: int, retained: int
) -> None:
    report = {
        "graduates": graduates,
        "employed": employed,
        "advanced": advanced,
        "enlisted": enlisted,
        "excluded": excluded,
        "retained": retained,
    }
    found = named(answers(planned_students="45", **{k: str(v) for k, v in report.items()}), Kind.CONTINUING)
    expected = set()
    if employed + advanced + enlisted + excluded > graduates:
        expected.add(("figures.graduates", "parts_of_graduates"))
    if retained > employed:
        expected.add(("figures.retained", "part_of_employed"))
    assert found == expected
