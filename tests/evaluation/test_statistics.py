"""Agreement against a published example, severity and outliers by hand."""

from decimal import Decimal

from evaluation.agreement import alpha
from evaluation.domain.statistics import figures
from evaluation.domain.vocabulary import ApplicationId, ReviewerId

Given = dict[tuple[ApplicationId, ReviewerId], Decimal]


def given(rows: dict[str, str]) -> Given:
    """By reviewer, what they gave application by application; `*` is nothing."""
    return {
        (ApplicationId(f"app_{number:02}"), ReviewerId(reviewer)): Decimal(value)
        for reviewer, row in rows.items()
        for number, value in enumerate(row.split())
        if value != "*"
    }


def test_alpha_is_that_of_the_published_example() -> None:
    """Three observers, fifteen units, missing values; interval alpha 0.811.

    Source: the worked example of Wikipedia's article "Krippendorff's alpha", after Krippendorff's own.
    """
    observed = given(
        {
            "a": "* * * * * 3 4 1 2 1 1 3 3 * 3",
            "b": "1 * 2 1 3 3 4 3 * * * * * * *",
            "c": "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
        }
    )
    assert alpha(observed) == Decimal("0.811")


def test_alpha_is_one_in_agreement_and_silent_where_nothing_can_be_said() -> None:
    assert alpha(given({"a": "1 2 3", "b": "1 2 3"})) == Decimal("1.000")
    assert alpha(given({"a": "1 2 3"})) is None
    assert alpha(given({"a": "5 5 5", "b": "5 5 5"})) is None
    assert alpha({}) is None


def test_severity_is_against_those_who_scored_the_same() -> None:
    """r3 scored only the application on which all gave much, and is lenient beside them nonetheless."""
    found = figures(given({"r1": "50 60 80", "r2": "60 70 90", "r3": "* * 100"}))
    by_name = {each.reviewer: each for each in found.reviewers}
    # r1: -10, -10, 80 - 95 = -15 → 35/3; r2: 10, 10, 90 - 90 = 0 → -20/3; r3: 100 - 85 = 15
    assert [by_name[ReviewerId(f"r{n}")].severity for n in (1, 2, 3)] == [
        Decimal("11.667"),
        Decimal("-6.667"),
        Decimal("-15.000"),
    ]
    assert by_name[ReviewerId("r1")].spread == Decimal("12.472")
    assert by_name[ReviewerId("r3")].spread == Decimal("0.000")
    assert found.mean == Decimal("72.857")


def test_who_has_nobody_beside_them_has_no_severity() -> None:
    [only] = figures(given({"r1": "50 60"})).reviewers
    assert (only.severity, only.outlier) == (None, False)


def test_a_reviewer_far_from_all_others_stands_apart() -> None:
    same = {f"r{n}": "60 62 64 66" for n in range(1, 8)}
    found = figures(given({**same, "severe": "20 22 24 26"}))
    assert [each.reviewer for each in found.reviewers if each.outlier] == ["severe"]
    assert {each.reviewer for each in found.outliers} == {"severe"}
    assert {each.apart for each in found.outliers} == {Decimal("-40.000")}
