"""A school's result as a letter."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from chassis.transaction import ReadTransaction
from contracts.values import TRACKS
from evaluation.domain.vocabulary import KST, RunStage, SchoolId, StandingState, Year
from evaluation.domain.wording import part_name
from evaluation.texts import template
from evaluation.views.runs import own_result
from evaluation.views.shapes import LeftOutView, OutcomeView, OwnResultView
from papers.letters import pdf

Language = Literal["ko", "en"]

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "ko": {
        "programme": "중소기업 특성화고 인력양성사업 {year}년도",
        "preliminary": "예비 선정결과 통지서",
        "final": "최종 선정결과 통지서",
        "promotion": "예비순위 승계 결과 통지서",
        "addressee": "{name} 귀하",
        "published": "통지일",
        "result": "결과",
        "rank": "순위",
        "of_rank": "{rank}위",
        "asked": "신청",
        "selected": "선정",
        "reserve": "예비 {reserve}번",
        "not_passed": "미선정",
        "general": "일반지원",
        "nothing": "없음",
        "standing": "현재",
        "offered": "제안",
        "scores_title": "점수",
        "total": "종합점수",
        "point": "{points}점",
        "reasons_title": "사유",
        "first_wish": "신청한 것 가운데 가장 원한 것이 배정되었습니다.",
        "nothing_asked": "신청한 것이 없습니다.",
        "left_out": "평가 대상에서 제외",
        "put_out": "신청이 평가 대상에서 제외되었습니다(사유: {reasons}).",
        "withdrawn": "신청이 철회되었습니다.",
        "before": "예비 결과",
        "next_title": "안내",
        "appeal": "이의신청은 {until} 전까지 할 수 있습니다.",
        "answer": "제안({award})에는 {until} 전까지 답해야 합니다. 답이 없으면 제안은 효력을 잃습니다.",
        "proof": "이 결과는 아래 해시의 결과 문서에서 나왔으며, 공개된 입력 자료로 다시 계산할 수 있습니다.",
        "unnamed": "아래 해시의 결과 문서에는 이 학교가 없으며, 누구나 다시 계산할 수 있습니다.",
        "notice": "이음(Ieum)이 만든 통지서 · 정부 공식 서식이 아님",
        "then": " → ",
        "and": " · ",
        "state_selected": "선정",
        "state_reserve": "예비",
        "state_not_selected": "미선정",
        "state_relinquished": "포기",
        "state_revoked": "선정 취소",
    },
    "en": {
        "programme": "SME Specialised High School Human Resources Development programme, {year}",
        "preliminary": "Preliminary result",
        "final": "Final result",
        "promotion": "Result of a promotion from the reserve list",
        "addressee": "To {name}",
        "published": "Date",
        "result": "Outcome",
        "rank": "Rank",
        "of_rank": "{rank}",
        "asked": "Asked for",
        "selected": "Selected",
        "reserve": "Number {reserve} on the reserve list",
        "not_passed": "Not selected",
        "general": "General support",
        "nothing": "Nothing",
        "standing": "Now",
        "offered": "Offered",
        "scores_title": "Scores",
        "total": "Total",
        "point": "{points}",
        "reasons_title": "Reasons",
        "first_wish": "The school got what it had asked for first.",
        "nothing_asked": "The school asked for nothing.",
        "left_out": "Taken out of the evaluation",
        "put_out": "The application was taken out of the evaluation (reason: {reasons}).",
        "withdrawn": "The application was withdrawn.",
        "before": "Preliminary outcome",
        "next_title": "What can be done",
        "appeal": "An appeal may be filed before {until}.",
        "answer": "The offer ({award}) is to be answered before {until}; without an answer it lapses.",
        "proof": "This outcome stands in the result document with this hash, which anyone can recompute.",
        "unnamed": "The result document with this hash does not name the school; anyone can recompute it.",
        "notice": "Issued by Ieum · not an official government form",
        "then": ", then ",
        "and": " and ",
        "state_selected": "Selected",
        "state_reserve": "Reserve list",
        "state_not_selected": "Not selected",
        "state_relinquished": "Relinquished",
        "state_revoked": "Revoked",
    },
}
_SENTENCES: Final = re.compile(r"(?<=\.) (?=\S)")
_OPENING: Final = 3
"""Sentences of an explanation that the letter shows as rows: score, wishes, outcome."""


async def result_letter(tx: ReadTransaction, year: Year, school: SchoolId, language: Language) -> bytes:
    """What the newest published run says to a school, as PDF.

    Raises:
        NotFound: rule `result_not_found`.
    """
    own = await own_result(tx, year, school)
    return pdf(template("result"), contents(own, language))


def contents(own: OwnResultView, language: Language) -> dict[str, Any]:
    """What the template is filled with."""
    words = _WORDS[language]
    told = _told(own, language) if own.left_out is None else _told_out(own, own.left_out, language)
    return {
        "language": language,
        "programme": words["programme"].format(year=own.year),
        "addressee": words["addressee"].format(name=_name(own.outcome, language)),
        "scores_title": words["scores_title"],
        "reasons_title": words["reasons_title"],
        "next_title": words["next_title"],
        "notice": words["notice"],
        **told,
    }


def _told(own: OwnResultView, language: Language) -> dict[str, Any]:
    words, outcome = _WORDS[language], own.outcome
    return {
        "title": words[own.stage],
        "rows": _rows(own, language),
        "scores": [
            *(
                [part_name(part, language), words["point"].format(points=points)]
                for part, points in sorted(outcome.parts.items())
            ),
            [words["total"], words["point"].format(points=outcome.score)],
        ],
        "reasons": _reasons(outcome, language),
        "next": _next(own, language),
        "proof": words["proof"],
        "hashes": f"SHA-256 {own.result_sha256}",
    }


def _told_out(own: OwnResultView, left: LeftOutView, language: Language) -> dict[str, Any]:
    """What a school reads that a later result does not name: that, and why."""
    words = _WORDS[language]
    withdrawn = left.reasons == ["application_withdrawn"]
    return {
        "title": words[left.stage],
        "rows": [
            [words["published"], _day(left.published_at)],
            [words["result"], words["left_out"]],
            [words["before"], _outcome(own.outcome, language)],
        ],
        "scores": [],
        "reasons": [
            words["withdrawn"] if withdrawn else words["put_out"].format(reasons=", ".join(left.reasons))
        ],
        "next": [],
        "proof": words["unnamed"],
        "hashes": f"SHA-256 {left.result_sha256}",
    }


def _rows(own: OwnResultView, language: Language) -> list[list[str]]:
    words, outcome = _WORDS[language], own.outcome
    wishes = [_award([track], language) for track in outcome.facts["asked"]["tracks"]]
    wishes += [words["general"]] if outcome.facts["asked"]["accepts_general"] else []
    rows = [
        [words["published"], _day(own.published_at)],
        [words["result"], _outcome(outcome, language)],
        [words["asked"], words["then"].join(wishes) or words["nothing"]],
    ]
    if outcome.rank is not None:
        rows.insert(2, [words["rank"], words["of_rank"].format(rank=outcome.rank)])
    if own.state is not None:
        rows.append([words["standing"], _standing(own.state, own.designations, language)])
    return rows


def _outcome(outcome: OutcomeView, language: Language) -> str:
    words, offered = _WORDS[language], outcome.facts["offered"]
    if offered is not None:
        return f"{words['offered']} ({_award(offered, language)})"
    if outcome.outcome == "selected":
        return f"{words['selected']} ({_award(outcome.designations, language)})"
    return words[outcome.outcome].format(reserve=outcome.reserve)


def _standing(state: StandingState, held: Sequence[str] | None, language: Language) -> str:
    named = _WORDS[language][f"state_{state}"]
    return f"{named} ({_award(held or (), language)})" if state is StandingState.SELECTED else named


def _reasons(outcome: OutcomeView, language: Language) -> list[str]:
    told = outcome.explanation_ko if language == "ko" else outcome.explanation_en
    reasons = _SENTENCES.split(told)[_OPENING:]
    # Whatever lies between a school and its first wish has a sentence of its own.
    return reasons or [_WORDS[language]["first_wish" if outcome.outcome == "selected" else "nothing_asked"]]


def _next(own: OwnResultView, language: Language) -> list[str]:
    words = _WORDS[language]
    told = []
    if own.stage is RunStage.PRELIMINARY and own.appeals_until is not None:
        told.append(words["appeal"].format(until=_moment(own.appeals_until, language)))
    if own.offer is not None:
        award = _award(own.offer.designations, language)
        until = _moment(own.offer.expires_at, language)
        told.append(words["answer"].format(award=award, until=until))
    return told


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(KST):%Y-%m-%d}"


def _moment(moment: datetime, language: Language) -> str:
    zone = "KST" if language == "en" else "(한국 시각)"
    return f"{moment.astimezone(KST):%Y-%m-%d %H:%M} {zone}"


def _award(designations: Sequence[str], language: Language) -> str:
    words = _WORDS[language]
    if not designations:
        return words["general"]
    return words["and"].join(
        getattr(TRACKS[track], language) if track in TRACKS else track for track in designations
    )


def _name(outcome: OutcomeView, language: Language) -> str:
    return outcome.name_en or outcome.name_ko if language == "en" else outcome.name_ko
