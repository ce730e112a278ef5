"""What a school is told of its outcome and why: facts, and the same in Korean and in English."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal, assert_never

from evaluation.domain.selection import Decision, Missed, Shortfall
from evaluation.domain.snapshot import Applicant, Quota
from evaluation.domain.vocabulary import SchoolId

BELOW_CUT_LINE: Final = "below_cut_line"
BELOW_MINIMUM: Final = "below_minimum_"
BELOW_LINE: Final = "below_line_"
_PARTS: Final = {
    "quantitative": ("정량", "quantitative"),
    "qualitative": ("정성", "qualitative"),
    "bonus": ("가점", "bonus"),
}
_STAGES: Final = {
    "documents": ("서면평가", "document review"),
    "site_visit": ("현장평가", "site visit"),
    "presentation": ("발표평가", "presentation"),
    "performance": ("성과평가", "performance review"),
}
_GENERAL: Final = ("일반지원", "general support")


@dataclass(frozen=True, slots=True)
class Names:
    """What schools, tracks and groups are called: (Korean, English)."""

    schools: Mapping[SchoolId, tuple[str, str]]
    tracks: Mapping[str, tuple[str, str]]
    quotas: tuple[Quota, ...]
    criteria: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def award(self, designations: tuple[str, ...]) -> tuple[str, str]:
        if not designations:
            return _GENERAL
        named = [self.tracks.get(track, (track, track)) for track in designations]
        return " · ".join(ko for ko, _ in named), " and ".join(en for _, en in named)

    def group(self, name: str) -> tuple[str, str]:
        return self.award(next(quota.tracks for quota in self.quotas if quota.name == name))

    def school(self, school: SchoolId | None) -> tuple[str, str]:
        return ("없음", "none") if school is None else self.schools.get(school, (school, school))


Line = tuple[Decimal, Decimal | None]
"""A line or minimum that was missed, and by how much, where that is known."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`facts` is a JSON object; `ko` and `en` say the same in sentences."""

    reasons: tuple[str, ...]
    facts: Mapping[str, Any]
    ko: str
    en: str


def explain(
    decision: Decision,
    applicant: Applicant,
    minima: Mapping[str, Decimal],
    names: Names,
    *,
    lines: Mapping[str, Line] | None = None,
    offered: bool = False,
) -> Explanation:
    """Say what a school got and why it got nothing it likes better; `minima` are points its parts need.

    `lines` are what it did not reach, by reason, beyond what its parts tell. What is `offered` is the
    school's only once it accepts.
    """
    shortfalls = tuple(_completed(each, applicant, minima, lines or {}) for each in decision.shortfalls)
    told = [
        _score(decision, applicant),
        _asked(applicant, names),
        _offer(decision, names) if offered else _outcome(decision, names),
        *(_shortfall(each, names) for each in shortfalls),
        *(_missed(each, names) for each in decision.missed),
    ]
    return Explanation(
        reasons=tuple(each.reason for each in shortfalls),
        facts=_facts(decision, applicant, shortfalls),
        ko=" ".join(ko for ko, _ in told),
        en=" ".join(en for _, en in told),
    )


def _completed(
    shortfall: Shortfall, applicant: Applicant, minima: Mapping[str, Decimal], lines: Mapping[str, Line]
) -> Shortfall:
    """A shortfall with the line it missed and by how much, as far as that is known."""
    if shortfall.reason in lines:
        line, by = lines[shortfall.reason]
        return replace(shortfall, line=line, by=by)
    part = shortfall.reason.removeprefix(BELOW_MINIMUM)
    if part == shortfall.reason or part not in minima or part not in applicant.criteria:
        return shortfall
    return replace(shortfall, line=minima[part], by=minima[part] - applicant.criteria[part])


def _facts(decision: Decision, applicant: Applicant, shortfalls: tuple[Shortfall, ...]) -> dict[str, Any]:
    award = decision.award
    return {
        "rank": award.rank,
        "score": f"{applicant.score:f}",
        "parts": {part: f"{points:f}" for part, points in applicant.criteria.items()},
        "asked": {"tracks": list(applicant.tracks), "accepts_general": applicant.accepts_general},
        "outcome": award.outcome,
        "designations": list(award.designations),
        "reserve": award.reserve,
        "missed": [_missed_facts(missed) for missed in decision.missed],
        "shortfalls": [
            {"reason": each.reason, "line": _text(each.line), "by": _text(each.by)} for each in shortfalls
        ],
    }


def _missed_facts(missed: Missed) -> dict[str, Any]:
    return {
        "award": list(missed.award),
        "by": missed.by,
        "full": [{"group": each.group, "last_in": each.last_in} for each in missed.full],
        "groups": list(missed.groups),
        "scarce": missed.scarce,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def part_name(part: str, language: Literal["ko", "en"]) -> str:
    """What a part of the rubric is called; a part of a rubric's own by its name there."""
    ko, en = _PARTS.get(part, (part, part))
    return ko if language == "ko" else en[:1].upper() + en[1:]


def _score(decision: Decision, applicant: Applicant) -> tuple[str, str]:
    parts = [
        (*_PARTS.get(part, (part, part)), f"{points:f}")
        for part, points in sorted(applicant.criteria.items())
    ]
    ko = ", ".join(f"{name} {points}점" for name, _, points in parts)
    en = ", ".join(f"{name} {points}" for _, name, points in parts)
    rank_ko = "" if decision.award.rank is None else f", 순위 {decision.award.rank}위"
    rank_en = "" if decision.award.rank is None else f", rank {decision.award.rank}"
    return (
        f"종합점수 {applicant.score:f}점({ko}){rank_ko}.",
        f"Total score {applicant.score:f} ({en}){rank_en}.",
    )


def _asked(applicant: Applicant, names: Names) -> tuple[str, str]:
    wishes = [names.award((track,)) for track in applicant.tracks]
    wishes += [_GENERAL] if applicant.accepts_general else []
    if not wishes:
        return "신청: 없음.", "Asked for: nothing."
    ko = " → ".join(ko for ko, _ in wishes)
    en = ", then ".join(en for _, en in wishes)
    return f"신청: {ko}.", f"Asked for: {en}."


def _outcome(decision: Decision, names: Names) -> tuple[str, str]:
    award = decision.award
    match award.outcome:
        case "selected":
            ko, en = names.award(award.designations)
            return f"결과: 선정({ko}).", f"Outcome: selected ({en})."
        case "reserve":
            return f"결과: 예비 {award.reserve}번.", f"Outcome: number {award.reserve} on the reserve list."
        case "not_passed":
            return "결과: 미선정.", "Outcome: not selected."
        case _:
            assert_never(award.outcome)


def _offer(decision: Decision, names: Names) -> tuple[str, str]:
    ko, en = names.award(decision.award.designations)
    return f"결과: 제안({ko}). 수락해야 확정됩니다.", f"Outcome: offered ({en}), held once it is accepted."


def _shortfall(shortfall: Shortfall, names: Names) -> tuple[str, str]:
    """A reason that is not known here is told by its code."""
    reason = shortfall.reason
    if reason == BELOW_CUT_LINE:
        what_ko, what_en = "기준점수", ("the total", "the cut line")
    elif reason.startswith(BELOW_LINE):
        stage = reason.removeprefix(BELOW_LINE)
        ko, en = _STAGES.get(stage, (stage, stage))
        what_ko, what_en = f"{ko} 통과 점수", (f"what was reached by the {en}", "its line")
    elif reason.startswith(BELOW_MINIMUM):
        named = reason.removeprefix(BELOW_MINIMUM)
        ko, en = names.criteria.get(named) or _PARTS.get(named, (named, named))
        part = "" if named in names.criteria else " part"
        what_ko, what_en = f"{ko} 최저점수", (f"the {en}{part}", "its minimum")
    else:
        return f"사유: {reason}.", f"Reason: {reason}."
    return _below(shortfall, what_ko, what_en)


def _below(shortfall: Shortfall, ko: str, en: tuple[str, str]) -> tuple[str, str]:
    """What lies below which line, with the line and by how much as far as both are known."""
    what, line = en
    if shortfall.line is None:
        return f"사유: {ko}에 미치지 못했습니다.", f"Reason: {what} is below {line}."
    points = f"{shortfall.line:f}"
    if shortfall.by is None:
        return f"사유: {ko} {points}점에 미치지 못했습니다.", f"Reason: {what} is below {line} of {points}."
    return (
        f"사유: {ko} {points}점에 {shortfall.by:f}점 모자랍니다.",
        f"Reason: {what} is {shortfall.by:f} below {line} of {points}.",
    )


def _missed(missed: Missed, names: Names) -> tuple[str, str]:
    award_ko, award_en = names.award(missed.award)
    ko, en = _why(missed, names)
    return f"{award_ko}: {ko}.", f"{award_en[:1].upper()}{award_en[1:]}: {en}."


def _why(missed: Missed, names: Names) -> tuple[str, str]:
    match missed.by:
        case "group_full":
            last = [names.school(each.last_in) for each in missed.full]
            ko, en = ", ".join(ko for ko, _ in last), ", ".join(en for _, en in last)
            return (
                f"먼저 배정된 학교들이 정원을 모두 채웠습니다(마지막 배정: {ko})",
                f"all of its places were taken (last in: {en})",
            )
        case "seats_full":
            return "남은 지원 자리가 없었습니다", "no seat was left"
        case "needed_for_guarantee":
            return _guarantee(missed, names)
        case "keeps_what_it_holds":
            return (
                "이미 받은 지정을 유지해야 하므로 함께 받을 수 없습니다",
                "it cannot be had beside what the school already holds",
            )
        case _:
            assert_never(missed.by)


def _guarantee(missed: Missed, names: Names) -> tuple[str, str]:
    groups = [names.group(group) for group in missed.groups]
    groups_ko, groups_en = ", ".join(ko for ko, _ in groups), "; ".join(en for _, en in groups)
    if missed.scarce == "seats":
        return (
            f"남은 자리가 모두 보장 지정({groups_ko})에 필요했습니다",
            f"all seats left were needed for the designations guaranteed to {groups_en}",
        )
    if missed.scarce == "seats_and_applicants":
        return (
            f"남은 자리와 여럿을 함께 신청한 남은 학교가 모두 보장 지정({groups_ko})에 필요했습니다",
            f"all seats and schools left that asked for several of them were needed for {groups_en}",
        )
    return (
        f"신청한 학교가 모두 보장 지정({groups_ko})에 필요했습니다",
        f"every school left that asked for them was needed for the designations guaranteed to {groups_en}",
    )
