"""Totals in decimal arithmetic, by hand and by property."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.rubric import Criterion, Rubric, StageRule
from evaluation.domain.scoring import Sheet, aggregated, normalised, totals
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage


def criterion(name: str, part: str, weight: str, scale: str) -> Criterion:
    return Criterion(
        name, name, name, ReviewStage.DOCUMENTS, part, Decimal(weight), Decimal(scale), Decimal("0.1")
    )


RUBRIC = Rubric(
    (StageRule(ReviewStage.DOCUMENTS),),
    (
        criterion("outcome", "quantitative", "40", "20"),
        criterion("plan", "qualitative", "45", "10"),
        criterion("will", "qualitative", "15", "10"),
    ),
    {"quantitative": Decimal(20)},
)


def points(given_points: Mapping[str, Mapping[str, str]]) -> dict[tuple[ApplicationId, ReviewerId], Decimal]:
    """By reviewer, then application."""
    return {
        (ApplicationId(application), ReviewerId(reviewer)): Decimal(value)
        for reviewer, values in given_points.items()
        for application, value in values.items()
    }


def of(application: str, reviewer: str, *scores: str) -> Sheet:
    names = ("outcome", "plan", "will")
    return Sheet(
        ApplicationId(application),
        ReviewerId(reviewer),
        {name: Decimal(score) for name, score in zip(names, scores, strict=True)},
    )


def test_a_total_is_the_weighted_sum_rounded_half_even() -> None:
    sheets = [
        of("a", "r1", "17.5", "8.1", "7"),
        of("a", "r2", "16", "9", "6.5"),
        of("a", "r3", "18", "8", "7"),
    ]
    [total] = totals(sheets, RUBRIC, "off", "mean")
    assert total.parts == {"quantitative": Decimal("34.333"), "qualitative": Decimal("47.900")}
    assert total.total == Decimal("82.233")
    assert total.barred == ()


@pytest.mark.parametrize(("scores", "expected"), [("0.0005", "0.000"), ("0.0015", "0.002")])
def test_halves_go_to_the_even_neighbour(scores: str, expected: str) -> None:
    whole = Rubric((StageRule(ReviewStage.DOCUMENTS),), (criterion("all", "quantitative", "100", "100"),), {})
    sheet = Sheet(ApplicationId("a"), ReviewerId("r"), {"all": Decimal(scores)})
    [total] = totals([sheet], whole, "off", "mean")
    assert str(total.total) == expected


def test_a_part_below_its_minimum_bars() -> None:
    [total] = totals([of("a", "r1", "9.9", "10", "10")], RUBRIC, "off", "mean")
    assert total.barred == ("below_minimum_quantitative",)
    [passing] = totals([of("a", "r1", "10", "10", "10")], RUBRIC, "off", "mean")
    assert passing.barred == ()


def test_the_trimmed_mean_leaves_out_highest_and_lowest_from_five_on() -> None:
    five = points({f"r{n}": {"a": value} for n, value in enumerate(["10", "50", "60", "70", "100"])})
    assert aggregated(five, "trimmed_mean") == {"a": Decimal(60)}
    four = points({f"r{n}": {"a": value} for n, value in enumerate(["10", "50", "60", "100"])})
    assert aggregated(four, "trimmed_mean") == {"a": Decimal(55)}
    assert aggregated(five, "mean") == {"a": Decimal(58)}


def test_a_shift_takes_a_reviewers_severity_off() -> None:
    raw = points({"severe": {"a": "50", "b": "60"}, "lenient": {"a": "80", "b": "90"}})
    shifted = normalised(raw, "mean_shift")
    assert shifted == points({"severe": {"a": "65", "b": "75"}, "lenient": {"a": "65", "b": "75"}})


def test_a_z_score_brings_the_spread_in_line_too() -> None:
    raw = points({"narrow": {"a": "69", "b": "70", "c": "71"}, "wide": {"a": "50", "b": "70", "c": "90"}})
    brought = normalised(raw, "z_score")
    assert {
        reviewer: brought[ApplicationId("b"), ReviewerId(reviewer)] for reviewer in ("narrow", "wide")
    } == {
        "narrow": Decimal(70),
        "wide": Decimal(70),
    }
    gap = [
        brought[ApplicationId("c"), ReviewerId(r)] - brought[ApplicationId("a"), ReviewerId(r)]
        for r in ("narrow", "wide")
    ]
    assert abs(gap[0] - gap[1]) < Decimal("1e-20")


def test_a_reviewer_with_too_few_or_no_spread_is_only_shifted() -> None:
    raw = points({"few": {"a": "40", "b": "60"}, "flat": {"a": "70", "b": "70", "c": "70"}})
    assert normalised(raw, "z_score") == normalised(raw, "mean_shift")


SHEETS = st.dictionaries(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("rst")),
    st.decimals(0, 100, places=1),
    min_size=1,
)


@given(SHEETS)
def test_normalising_keeps_the_mean_of_all_sheets(raw: dict[tuple[str, str], Decimal]) -> None:
    given_points = {(ApplicationId(a), ReviewerId(r)): value for (a, r), value in raw.items()}
    ways: tuple[Normalisation, ...] = ("off", "mean_shift", "z_score")
    for how in ways:
        after = normalised(given_points, how)
        difference = sum(after.values(), Decimal(0)) - sum(given_points.values(), Decimal(0))
        assert abs(difference) < Decimal("1e-18")


@given(SHEETS)
def test_a_mean_stands_between_lowest_and_highest(raw: dict[tuple[str, str], Decimal]) -> None:
    given_points = {(ApplicationId(a), ReviewerId(r)): value for (a, r), value in raw.items()}
    ways: tuple[Aggregation, ...] = ("mean", "trimmed_mean")
    for how in ways:
        for application, value in aggregated(given_points, how).items():
            own = [v for (a, _), v in given_points.items() if a == application]
            slack = Decimal("1e-20")
            assert min(own) - slack <= value <= max(own) + slack
