"""Totals in decimal arithmetic, by hand and by property."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.rubric import AnswerFigure, Bonus, Criterion, Rubric, Span, StageRule
from evaluation.domain.scoring import Beside, Scores, Sheet, Total, aggregated, normalised, reached, totals
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


def totalled(sheets: Sequence[Sheet], rubric: Rubric) -> tuple[Total, ...]:
    """Totals of sheets of the one stage, nothing beside them."""
    beside = {sheet.application: Beside() for sheet in sheets}
    return totals(Scores({ReviewStage.DOCUMENTS: sheets}, beside), rubric, "off", "mean")


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
    [total] = totalled(sheets, RUBRIC)
    assert total.parts == {"quantitative": Decimal("34.333"), "qualitative": Decimal("47.900")}
    assert total.total == Decimal("82.233")
    assert total.barred == ()


@pytest.mark.parametrize(("scores", "expected"), [("0.0005", "0.000"), ("0.0015", "0.002")])
def test_halves_go_to_the_even_neighbour(scores: str, expected: str) -> None:
    whole = Rubric((StageRule(ReviewStage.DOCUMENTS),), (criterion("all", "quantitative", "100", "100"),), {})
    sheet = Sheet(ApplicationId("a"), ReviewerId("r"), {"all": Decimal(scores)})
    [total] = totalled([sheet], whole)
    assert str(total.total) == expected


def test_a_part_below_its_minimum_bars() -> None:
    [total] = totalled([of("a", "r1", "9.9", "10", "10")], RUBRIC)
    assert total.barred == ("below_minimum_quantitative",)
    [passing] = totalled([of("a", "r1", "10", "10", "10")], RUBRIC)
    assert passing.barred == ()


def test_figures_and_bonus_points_come_on_top_of_what_reviewers_give() -> None:
    """By hand: documents 30 of 8/10 + figure 20 of 15/20, presentation (40 + 50)/2 of 50/50 · 1, bonus 2."""
    figure = AnswerFigure("partners", Span(Decimal(0), Decimal(30)))
    two_stages = Rubric(
        (StageRule(ReviewStage.DOCUMENTS, Decimal(30)), StageRule(ReviewStage.PRESENTATION)),
        (
            criterion("plan", "qualitative", "30", "10"),
            replace(criterion("partners", "quantitative", "20", "20"), scored_by=figure),
            replace(criterion("talk", "qualitative", "50", "50"), stage=ReviewStage.PRESENTATION),
        ),
        bonus=(Bonus("local", "지방비", "local funds", Decimal(2), "officer"),),
    )
    one, other = ApplicationId("a"), ApplicationId("b")
    beside = {
        one: Beside({"partners": Decimal(15)}, frozenset({"local"})),
        other: Beside({"partners": Decimal(2)}),
    }
    sheets = {
        ReviewStage.DOCUMENTS: [
            Sheet(one, ReviewerId("r1"), {"plan": Decimal(8)}),
            Sheet(other, ReviewerId("r1"), {"plan": Decimal(9)}),
        ],
        ReviewStage.PRESENTATION: [
            Sheet(one, ReviewerId("r1"), {"talk": Decimal(40)}),
            Sheet(one, ReviewerId("r2"), {"talk": Decimal(50)}),
        ],
    }
    came = reached(Scores(sheets, beside), two_stages, ReviewStage.DOCUMENTS, "off", "mean")
    assert came == {one: Decimal("39.000"), other: Decimal("29.000")}
    first, second = totals(Scores(sheets, beside, {other: ReviewStage.DOCUMENTS}), two_stages, "off", "mean")
    assert first.parts == {
        "qualitative": Decimal("69.000"),
        "quantitative": Decimal("15.000"),
        "bonus": Decimal("2.000"),
    }
    assert (first.total, first.barred) == (Decimal("86.000"), ())
    assert (second.total, second.barred) == (Decimal("29.000"), ("below_line_documents",))


def test_figures_of_stages_that_an_application_never_came_to_count_for_nothing() -> None:
    figure = AnswerFigure("jobs", Span(Decimal(0), Decimal(10)))
    jobs = replace(
        criterion("jobs", "quantitative", "40", "10"),
        stage=ReviewStage.PRESENTATION,
        minimum=Decimal(5),
        scored_by=figure,
    )
    rubric = Rubric(
        (StageRule(ReviewStage.DOCUMENTS, Decimal(50)), StageRule(ReviewStage.PRESENTATION)),
        (criterion("plan", "qualitative", "60", "10"), jobs),
    )
    application = ApplicationId("a")
    sheet = Sheet(application, ReviewerId("r"), {"plan": Decimal(3)})
    beside = {application: Beside({"jobs": Decimal(2)})}
    cut = Scores({ReviewStage.DOCUMENTS: [sheet]}, beside, {application: ReviewStage.DOCUMENTS})
    [total] = totals(cut, rubric, "off", "mean")
    assert (total.total, total.barred) == (Decimal("18.000"), ("below_line_documents",))
    [before] = totals(replace(cut, beyond_cut=True), rubric, "off", "mean")
    assert before.total == Decimal("26.000")


def test_a_reviewer_is_normalised_at_each_stage_by_itself() -> None:
    """Severe at the documents, lenient at the presentation: both are taken off."""
    two_stages = Rubric(
        (StageRule(ReviewStage.DOCUMENTS), StageRule(ReviewStage.PRESENTATION)),
        (
            criterion("plan", "qualitative", "50", "50"),
            replace(criterion("talk", "qualitative", "50", "50"), stage=ReviewStage.PRESENTATION),
        ),
    )
    given_scores = {
        ("plan", "r1"): ("10", "20"),
        ("plan", "r2"): ("30", "40"),
        ("talk", "r1"): ("40", "30"),
        ("talk", "r2"): ("20", "10"),
    }
    sheets: dict[ReviewStage, list[Sheet]] = {ReviewStage.DOCUMENTS: [], ReviewStage.PRESENTATION: []}
    for (name, reviewer), scores in given_scores.items():
        stage = ReviewStage.DOCUMENTS if name == "plan" else ReviewStage.PRESENTATION
        sheets[stage] += [
            Sheet(ApplicationId(application), ReviewerId(reviewer), {name: Decimal(score)})
            for application, score in zip("ab", scores, strict=True)
        ]
    beside = {ApplicationId(application): Beside() for application in "ab"}
    found = totals(Scores(sheets, beside), two_stages, "mean_shift", "mean")
    assert [each.total for each in found] == [Decimal("50.000"), Decimal("50.000")]
    assert totals(Scores(sheets, beside), two_stages, "off", "mean") == found


def test_a_criterion_below_its_minimum_bars_by_its_name() -> None:
    strict = replace(RUBRIC, criteria=(*RUBRIC.criteria[:2], replace(RUBRIC.criteria[2], minimum=Decimal(6))))
    sheets = [of("a", "r1", "20", "10", "5"), of("a", "r2", "20", "10", "6.9")]
    [total] = totalled(sheets, strict)
    assert total.barred == ("below_minimum_will",)


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


def staged(*sheets: Sheet) -> Scores:
    """Sheets of the one stage, nothing beside them."""
    return Scores({ReviewStage.DOCUMENTS: sheets}, {sheet.application: Beside() for sheet in sheets})


WHOLE = Rubric((StageRule(ReviewStage.DOCUMENTS),), (criterion("all", "quantitative", "100", "100"),), {})


def whole(application: str, reviewer: str, points_given: str, *, panel: bool = False) -> Sheet:
    scores = {"all": Decimal(points_given)}
    return Sheet(ApplicationId(application), ReviewerId(reviewer), scores, panel=panel)


@pytest.mark.parametrize("how", ["mean_shift", "z_score"])
def test_what_a_panel_gave_counts_as_it_was_given(how: Normalisation) -> None:
    """Severe and lenient meet at 65 and 75; the panel, one of whom is severe elsewhere, says what it says."""
    ordinary = [
        whole(application, reviewer, points_given)
        for reviewer, own in (("severe", ("50", "60")), ("lenient", ("80", "90")))
        for application, points_given in zip("ab", own, strict=True)
    ]
    panel = [whole("c", "severe", "96", panel=True), whole("c", "other", "90", panel=True)]
    found = {each.application: each.total for each in totals(staged(*ordinary, *panel), WHOLE, how, "mean")}
    assert found == {"a": Decimal("65.000"), "b": Decimal("75.000"), "c": Decimal("93.000")}


NORMALISATIONS: tuple[Normalisation, ...] = ("off", "mean_shift", "z_score")
AGGREGATIONS: tuple[Aggregation, ...] = ("mean", "trimmed_mean")
SHEETS = st.dictionaries(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("rst")),
    st.decimals(0, 100, places=1),
    min_size=1,
)


@given(SHEETS)
def test_normalising_keeps_the_mean_of_all_sheets(raw: dict[tuple[str, str], Decimal]) -> None:
    given_points = {(ApplicationId(a), ReviewerId(r)): value for (a, r), value in raw.items()}
    for how in NORMALISATIONS:
        after = normalised(given_points, how)
        difference = sum(after.values(), Decimal(0)) - sum(given_points.values(), Decimal(0))
        assert abs(difference) < Decimal("1e-18")


@given(SHEETS)
def test_a_mean_stands_between_lowest_and_highest(raw: dict[tuple[str, str], Decimal]) -> None:
    given_points = {(ApplicationId(a), ReviewerId(r)): value for (a, r), value in raw.items()}
    for how in AGGREGATIONS:
        for application, value in aggregated(given_points, how).items():
            own = [v for (a, _), v in given_points.items() if a == application]
            slack = Decimal("1e-20")
            assert min(own) - slack <= value <= max(own) + slack


def ordinary_sheets(raw: Mapping[tuple[str, str], Decimal]) -> list[Sheet]:
    return [whole(application, reviewer, f"{value:f}") for (application, reviewer), value in raw.items()]


@given(SHEETS, st.lists(st.decimals(0, 100, places=1), min_size=1, max_size=3))
def test_a_panel_moves_its_own_application_alone_and_all_the_way(
    raw: dict[tuple[str, str], Decimal], heard: list[Decimal]
) -> None:
    ordinary = ordinary_sheets(raw)
    panel = [whole("z", f"p{n}", f"{value:f}", panel=True) for n, value in enumerate(heard)]
    for how in NORMALISATIONS:
        before = totals(staged(*ordinary), WHOLE, how, "mean")
        *others, appealed = totals(staged(*ordinary, *panel), WHOLE, how, "mean")
        assert tuple(others) == before
        expected = sum(heard, Decimal(0)) / len(heard)
        assert appealed.total == expected.quantize(Decimal("0.001"), ROUND_HALF_EVEN)


@given(SHEETS, st.randoms(use_true_random=False))
def test_the_order_of_sheets_moves_no_total(raw: dict[tuple[str, str], Decimal], chance: Random) -> None:
    sheets = ordinary_sheets(raw)
    shuffled = chance.sample(sheets, len(sheets))
    for how in NORMALISATIONS:
        for aggregation in AGGREGATIONS:
            assert totals(staged(*shuffled), WHOLE, how, aggregation) == totals(
                staged(*sheets), WHOLE, how, aggregation
            )
