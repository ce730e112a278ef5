"""What a school is told of its outcome and why: facts, and the same in Korean and in English."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from evaluation.domain import wording
from evaluation.domain.aftermath import Aftermath
from evaluation.domain.selection import Award, Decision, FullGroup, Missed, Shortfall
from evaluation.domain.snapshot import Applicant
from evaluation.domain.wording import BELOW_MINIMUM, Names

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
    after: Aftermath | None = None,
) -> Explanation:
    """Say what a school got and why it got nothing it likes better; `minima` are points its parts need.

    `lines` are what it did not reach, by reason, beyond what its parts tell; `after` is how it stands with a
    promotion.
    """
    after = after or Aftermath(applicant)
    shortfalls = tuple(_completed(each, applicant, minima, lines or {}) for each in decision.shortfalls)
    missed = tuple(_as_it_stands(each, decision.award, after, names) for each in decision.missed)
    told = [
        wording.score(decision, applicant),
        wording.asked(after.asked, names),
        wording.outcome(decision.award, after, names),
        *wording.waiting(decision.award, after, names),
        *(wording.shortfall(each, names) for each in shortfalls),
        *(wording.missed(each, after, names) for each in missed),
        *(wording.struck(each, names) for each in after.struck),
    ]
    return Explanation(
        reasons=tuple(each.reason for each in shortfalls),
        facts=_facts(replace(decision, missed=missed), applicant, shortfalls, after),
        ko=" ".join(ko for ko, _ in told),
        en=" ".join(en for _, en in told),
    )


def _as_it_stands(missed: Missed, award: Award, after: Aftermath, names: Names) -> Missed:
    """What was missed, with whom a full group's designations are kept for; they are not in yet."""
    if award.rank is None or not after.waiting:
        return missed
    full = []
    for each in missed.full:
        kept_for = after.kept_for(names.quota(each.group), award.rank)
        full.append(FullGroup(each.group, None if each.last_in in kept_for else each.last_in, kept_for))
    return replace(missed, full=tuple(full))


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


def _facts(
    decision: Decision, applicant: Applicant, shortfalls: tuple[Shortfall, ...], after: Aftermath
) -> dict[str, Any]:
    award, asked = decision.award, after.asked
    return {
        "rank": award.rank,
        "score": f"{applicant.score:f}",
        "parts": {part: f"{points:f}" for part, points in applicant.criteria.items()},
        "asked": {"tracks": list(asked.tracks), "accepts_general": asked.accepts_general},
        "struck": [{"award": list(each.award), "by": each.by} for each in after.struck],
        "outcome": award.outcome,
        "designations": list(award.designations),
        "reserve": award.reserve,
        "held": None if after.held is None else list(after.held),
        "offered": None if after.offered is None else list(after.offered),
        "missed": [_missed_facts(missed) for missed in decision.missed],
        "shortfalls": [
            {"reason": each.reason, "line": _text(each.line), "by": _text(each.by)} for each in shortfalls
        ],
    }


def _missed_facts(missed: Missed) -> dict[str, Any]:
    return {
        "award": list(missed.award),
        "by": missed.by,
        "full": [
            {"group": each.group, "last_in": each.last_in, "kept_for": list(each.kept_for)}
            for each in missed.full
        ],
        "groups": list(missed.groups),
        "scarce": missed.scarce,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
