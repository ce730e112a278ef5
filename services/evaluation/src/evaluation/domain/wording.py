"""How decisions are told, each thing as a sentence in Korean and one in English."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, assert_never

from evaluation.domain.aftermath import Aftermath, Struck, StruckBy
from evaluation.domain.selection import Award, Decision, FullGroup, Missed, Shortfall
from evaluation.domain.snapshot import Applicant, Quota
from evaluation.domain.vocabulary import SchoolId

Told = tuple[str, str]
"""(Korean, English)."""
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
_STRUCK: Final[Mapping[StruckBy, tuple[str, str]]] = {
    "declined": ("제안을 거절했습니다", "it was offered and declined"),
    "expired": ("제안이 답 없이 효력을 잃었습니다", "it was offered, and lapsed without an answer"),
    "school_closed": ("문을 닫은 학교는 더 받을 수 없습니다", "a closed school is given nothing more"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What schools, tracks and groups are called: (Korean, English)."""

    schools: Mapping[SchoolId, tuple[str, str]]
    tracks: Mapping[str, tuple[str, str]]
    quotas: tuple[Quota, ...]
    criteria: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def award(self, designations: tuple[str, ...]) -> Told:
        if not designations:
            return _GENERAL
        named = [self.tracks.get(track, (track, track)) for track in designations]
        return " · ".join(ko for ko, _ in named), " and ".join(en for _, en in named)

    def group(self, name: str) -> Told:
        return self.award(self.quota(name).tracks)

    def quota(self, name: str) -> Quota:
        return next(quota for quota in self.quotas if quota.name == name)

    def school(self, school: SchoolId | None) -> Told:
        return ("없음", "none") if school is None else self.schools.get(school, (school, school))

    def several(self, schools: Iterable[SchoolId | None]) -> Told:
        named = [self.school(each) for each in dict.fromkeys(schools)]
        return ", ".join(ko for ko, _ in named), ", ".join(en for _, en in named)


def part_name(part: str, language: Literal["ko", "en"]) -> str:
    """What a part of the rubric is called; a part of a rubric's own by its name there."""
    ko, en = _PARTS.get(part, (part, part))
    return ko if language == "ko" else en[:1].upper() + en[1:]


def score(decision: Decision, applicant: Applicant) -> Told:
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


def asked(applicant: Applicant, names: Names) -> Told:
    wishes = [names.award((track,)) for track in applicant.tracks]
    wishes += [_GENERAL] if applicant.accepts_general else []
    if not wishes:
        return "신청: 없음.", "Asked for: nothing."
    ko = " → ".join(ko for ko, _ in wishes)
    en = ", then ".join(en for _, en in wishes)
    return f"신청: {ko}.", f"Asked for: {en}."


def outcome(award: Award, after: Aftermath, names: Names) -> Told:
    """What is offered is the school's only once it accepts, whatever the rule would give it beyond."""
    if after.offered is not None:
        ko, en = names.award(after.offered)
        return (
            f"결과: 제안({ko}), 수락해야 확정됩니다.",
            f"Outcome: offered ({en}), held once it is accepted.",
        )
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


def waiting(award: Award, after: Aftermath, names: Names) -> Iterator[Told]:
    """What the rule gives beyond an open offer."""
    if after.offered is not None and set(after.offered) != set(award.designations):
        more = tuple(track for track in award.designations if track not in after.offered)
        ko, en = names.award(more)
        yield f"그 밖의 지정({ko})은 이 제안에 답한 뒤에 정해집니다.", f"More ({en}) waits for its answer."


def struck(wish: Struck, names: Names) -> Told:
    award_ko, award_en = names.award(wish.award)
    ko, en = _STRUCK[wish.by]
    return f"{award_ko}: {ko}.", f"{award_en[:1].upper()}{award_en[1:]}: {en}."


def shortfall(each: Shortfall, names: Names) -> Told:
    """A reason that is not known here is told by its code."""
    reason = each.reason
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
    return _below(each, what_ko, what_en)


def _below(shortfall: Shortfall, ko: str, en: tuple[str, str]) -> Told:
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


def missed(each: Missed, after: Aftermath, names: Names) -> Told:
    award_ko, award_en = names.award(each.award)
    ko, en = _why(each, after, names)
    return f"{award_ko}: {ko}.", f"{award_en[:1].upper()}{award_en[1:]}: {en}."


def _why(missed: Missed, after: Aftermath, names: Names) -> Told:
    match missed.by:
        case "group_full":
            return _full(missed.full, names)
        case "seats_full":
            return "남은 지원 자리가 없었습니다", "no seat was left"
        case "needed_for_guarantee":
            return _guarantee(missed, names)
        case "keeps_what_it_holds" if after.offered is not None:
            return (
                "받은 제안에 더해 함께 받을 수 없습니다",
                "it cannot be had beside what the school is offered",
            )
        case "keeps_what_it_holds":
            return (
                "이미 받은 지정을 유지해야 하므로 함께 받을 수 없습니다",
                "it cannot be had beside what the school already holds",
            )
        case _:
            assert_never(missed.by)


def _full(full: tuple[FullGroup, ...], names: Names) -> Told:
    last_ko, last_en = names.several(each.last_in for each in full if each.last_in or not each.kept_for)
    kept_ko, kept_en = names.several(school for each in full for school in each.kept_for)
    if not kept_ko:
        return (
            f"먼저 배정된 학교들이 정원을 모두 채웠습니다(마지막 배정: {last_ko})",
            f"all of its places were taken (last in: {last_en})",
        )
    in_ko, in_en = (f"마지막 배정: {last_ko}, ", f"last in: {last_en}; ") if last_ko else ("", "")
    return (
        f"정원이 찼거나 다른 제안에 답할 학교의 몫으로 남아 있습니다({in_ko}답할 학교: {kept_ko})",
        f"its places were taken, or wait for a school with an offer to answer ({in_en}to answer: {kept_en})",
    )


def _guarantee(missed: Missed, names: Names) -> Told:
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
