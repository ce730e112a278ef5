"""A year's policy says no to what contradicts itself, naming field and rule."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.applications.town import BEFORE, policy

from applications.domain.policy import Policy, open_year
from applications.domain.vocabulary import Kind, Year
from chassis.refusals import Invalid, Several

_POLICY = TypeAdapter(Policy)
REGIONAL = {"name": "regional", "tracks": ["regional_key_industry"], "at_least": 10, "at_most": 10}
STUDY = {"name": "study", "tracks": ["work_study"], "at_least": 0, "at_most": 10}
NEW = {"name": "new_technology", "tracks": ["new_technology"], "at_least": 25, "at_most": 25}
QUESTION = {"name": "planned_students", "kinds": ["new"], "at_least": "1", "at_most": "300"}


def broken(**changed: Any) -> set[tuple[str | None, str]]:
    rules = _POLICY.validate_python(policy(**changed))
    try:
        open_year(Year(2025), rules, BEFORE)
    except Several as several:
        return {(each.field, each.rule) for each in several.refusals}
    except Invalid as one:
        return {(one.field, one.rule)}
    return set()


def test_the_policy_of_the_2025_announcement_opens_a_year() -> None:
    assert broken() == set()


@pytest.mark.parametrize(
    ("changed", "field", "rule"),
    [
        ({"pools": [["continuing"], ["new", "continuing"]]}, "pools", "distinct"),
        ({"pools": [["continuing", "new"], []]}, "pools.1", "required"),
        ({"quotas": [REGIONAL, {**NEW, "name": "regional"}]}, "quotas.name", "distinct"),
        ({"quotas": [REGIONAL, {**NEW, "tracks": ["general"]}]}, "quotas.1.tracks.0", "no_designation"),
        ({"quotas": [{**REGIONAL, "at_least": 11}]}, "quotas.0.at_least", "at_least_up_to_at_most"),
        ({"designations_per_school": 3}, "designations_per_school", "supported_designations"),
        ({"designations_per_school": 0}, "quotas", "guarantees_up_to_seats"),
        ({"seats": 34}, "quotas", "guarantees_up_to_seats"),
        ({"tie_breaks": ["quantitative", "quantitative"]}, "tie_breaks", "distinct"),
        ({"questions": [QUESTION, QUESTION]}, "questions.name", "distinct"),
        ({"questions": [{**QUESTION, "at_most": "0.5"}]}, "questions.0.at_least", "at_least_up_to_at_most"),
        ({"classes": {"min_size": 21, "max_size": 20}}, "classes.min_size", "at_most_max_size"),
    ],
)
def test_a_contradiction_is_refused_by_field_and_rule(
    changed: Mapping[str, Any], field: str, rule: str
) -> None:
    assert broken(**changed) == {(field, rule)}


def test_a_track_in_two_groups_is_named_in_both() -> None:
    quotas = [{**NEW, "at_least": 0}, {**NEW, "name": "again", "at_least": 0}]
    assert broken(quotas=quotas) == {
        ("quotas.0.tracks.0", "in_one_group"),
        ("quotas.1.tracks.0", "in_one_group"),
    }


def test_a_track_twice_in_one_group_is_refused() -> None:
    quota = {**REGIONAL, "tracks": ["work_study", "work_study"]}
    assert ("quotas.0.tracks.0", "in_one_group") in broken(quotas=[quota])


def test_a_guarantee_above_all_seats_is_refused() -> None:
    found = broken(seats=9, quotas=[REGIONAL])
    assert found == {("quotas.0.at_least", "at_least_up_to_seats"), ("quotas", "guarantees_up_to_seats")}


def test_one_designation_a_school_is_supported_with_sixteen_groups() -> None:
    groups = [
        {"name": f"group_{n}", "tracks": ["work_study"], "at_least": 0, "at_most": 1} for n in range(17)
    ]
    assert ("quotas", "supported_groups") not in broken(quotas=groups[:16])
    assert ("quotas", "supported_groups") in broken(quotas=groups)


def test_a_kind_that_stands_in_no_pool_is_asked_nothing() -> None:
    found = broken(
        pools=[["new"]],
        questions=[{**QUESTION, "kinds": ["continuing"]}],
        required_documents=[{"kind": "report", "kinds": ["continuing"]}],
    )
    assert found == {("questions.0.kinds", "in_a_pool"), ("required_documents.0.kinds", "in_a_pool")}


def test_every_contradiction_is_told_at_once() -> None:
    scoring = policy()["scoring"] | {
        "aggregation": "median",
        "normalisation": "ranks",
        "conflict_grounds": ["same_school", "same_surname"],
    }
    found = broken(scoring=scoring, classes={"min_size": 2, "max_size": 1})
    assert found == {
        ("scoring.aggregation", "known"),
        ("scoring.normalisation", "known"),
        ("scoring.conflict_grounds.1", "known"),
        ("classes.min_size", "at_most_max_size"),
    }


def test_applications_end_before_the_lot_is_drawn_and_before_scoring_ends() -> None:
    rules = _POLICY.validate_python(policy(lot_drawn_on="2025-02-22"))
    assert rules.applications_end_by == datetime(2025, 2, 21, 15, tzinfo=UTC)
    rules = _POLICY.validate_python(policy(lot_drawn_on="2025-12-31"))
    assert rules.applications_end_by == rules.scoring.scoring_until


def test_each_kind_is_asked_its_own_questions_and_documents() -> None:
    rules = _POLICY.validate_python(policy())
    assert [question.name for question in rules.questions_for(Kind.NEW)] == ["planned_students"]
    assert rules.documents_for(Kind.NEW) == ("operation_plan",)
    assert rules.documents_for(Kind.CONTINUING) == ("operation_plan", "performance_report")
