"""A small story, made up, with every part of the report filled."""

from decimal import Decimal

from contracts import values
from demo import facts
from demo.report.lasting import (
    Followed,
    MatchingRound,
    NextYear,
    ProvinceOutcomes,
    Published,
    Retention,
)
from demo.report.story import (
    Check,
    Difference,
    Explanation,
    Judged,
    Label,
    Loss,
    Move,
    Notices,
    Outcome,
    Phase,
    Placements,
    ProvinceFigures,
    QuotaFigures,
    Score,
    Span,
    Stage,
    Story,
    Trace,
    TrackFigures,
)
from demo.report.wording import message


def label(text: str) -> Label:
    return Label(f"{text} (ko)", text)


def _provinces() -> tuple[ProvinceFigures, ...]:
    schools = [school.province for school in facts.schools()]
    counted = {code: schools.count(code) for code in values.PROVINCES}
    return tuple(ProvinceFigures(code, n, n * 5 // 9, n * 2 // 5) for code, n in counted.items())


def _scores() -> tuple[Score, ...]:
    made = []
    for number in range(240):
        total = Decimal(48) + Decimal(number * 37 % 499) / 10
        outcome: Outcome = "not_passed" if total < 60 else "selected" if number % 5 else "reserve"
        made.append(Score(total, outcome))
    return tuple(made)


def trace() -> Trace:
    rows = [
        ("a", None, "applications", "POST /applications/{application}/submission", 0, 21.4),
        ("b", "a", "applications", "publish applications.application-submitted", 16, 29.5),
        ("c", "a", "evaluation", "process applications.application-submitted", 38, 51),
        ("d", "a", "notifications", "process applications.application-submitted", 36, 42),
        ("e", "c", "evaluation", "publish evaluation.eligibility-decided", 49, 61),
        ("f", "e", "applications", "process evaluation.eligibility-decided", 68, 72),
        ("g", "d", "notifications", "deliver mail", 47, 66),
        ("h", "g", "notifications", "publish notifications.notification-delivered", 66, 80),
    ]
    spans = tuple(Span(*row) for row in rows)
    return Trace("4bf92f3577b34da6a3ce929d0e0e4736", label("One submission."), spans)


def _judged() -> Judged:
    return Judged(
        as_given=_scores(),
        alpha="0.412",
        severities=tuple((f"rev_simulated-{n:03}", Decimal(n - 20) / 4) for n in range(1, 41)),
        differences=(Difference(label("Five seats fewer"), 0, 5, 12, 221),),
        moves=(Move("2025-03-12", label("appealed"), "모의공업고등학교"),),
        explanations=(
            Explanation(label("Selected"), "모의공업고등학교", "종합점수 87.125점.", "Total score 87.125."),
        ),
    )


def _followed() -> Followed:
    codes = [province.code for province in facts.outlines().provinces]
    return Followed(
        rounds=(
            MatchingRound(1, 900, (400, 150, 40), 310, 540, 32, 18),
            MatchingRound(2, 350, (60, 20), 270, 74, 4, 2),
        ),
        ended=71,
        placed_again=1,
        overdue=88,
        retention=(Retention(6, 610, 571), Retention(12, 571, 490)),
        corrected=1,
        provinces=tuple(
            ProvinceOutcomes(code, 300, 60 + n, 150, 40, 30, Published(4000, 900 + 30 * n))
            for n, code in enumerate(codes)
        ),
        published=Published(68_000, 19_380),
        next_year=NextYear(2026, "65", 25, 12, 9, 3, "취업 성과: 25.5/30점.", "Employment: 25.5/30."),
    )


def _checks(differences: tuple[str, ...]) -> tuple[Check, ...]:
    said = (label("1,234 answers with 1,234 rows"), label("2,345 events with their causes"))
    return tuple(
        Check(number, label(f"Invariant {number}"), said, differences if number == 3 else ())
        for number in range(1, 8)
    )


def _funnel() -> tuple[Stage, ...]:
    return (
        Stage(label("Specialised schools"), 461),
        Stage(label("Drafts"), 262),
        Stage(label("Accepted"), 249, (Loss(label("too late"), 8), Loss(label("never submitted"), 5))),
        Stage(label("Scored"), 241, (Loss(label("withdrew"), 8),)),
        Stage(label("Selected"), 180, (Loss(label("reserve"), 33), Loss(label("not passed"), 28))),
    )


def _quotas() -> tuple[QuotaFigures, ...]:
    regional = (TrackFigures("regional_key_industry", 21, 6), TrackFigures("work_study", 17, 4))
    return (
        QuotaFigures("regional", 10, 10, regional),
        QuotaFigures("new_technology", 25, 25, (TrackFigures("new_technology", 61, 25),)),
        QuotaFigures("general", 0, 145, (TrackFigures("general", 230, 145),)),
    )


def story(*, differences: tuple[str, ...] = ()) -> Story:
    return Story(
        year=2025,
        seed=2025,
        schools=461,
        participants=173,
        seats=180,
        funnel=_funnel(),
        provinces=_provinces(),
        quotas=_quotas(),
        scores=_scores(),
        cut_line=Decimal(60),
        judged=_judged(),
        placements=Placements(60, 1104, 40, 120, 160, 420, 480, (262, 88, 31, 12), 87, 480, 381, 9, 3, 381),
        followed=_followed(),
        notices=(
            Notices(message("application_submitted"), 249, 240, 0, 9),
            Notices(message("school_selected"), 181, 181, 0, 0),
            Notices(message("student_offered_school"), 393, 380, 2, 11),
        ),
        trace=trace(),
        phases=(
            Phase(label("Start the stack"), 9.1),
            Phase(label("Apply"), 21.5, 1210),
            Phase(label("Score"), 14.2, 756),
            Phase(label("Ledger"), 6.0),
        ),
        checks=_checks(differences),
        intents=5210,
        refused=34,
        events=9120,
        seconds=96.4,
        versions=(("Apache Kafka", "4.4.0"), ("PostgreSQL", "18")),
    )
