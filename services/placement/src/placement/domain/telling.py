"""What students and companies read about a round: each reason as a sentence, in Korean and in English."""

from collections.abc import Mapping
from typing import Final

from placement.domain.explaining import Loss, Missed, Standing

Sentence = tuple[str, str]
"""Korean, English."""


def to_student(missed: Missed) -> Sentence:
    """Why an opening liked better could not be had."""
    if missed.reason != "higher_ranked_took_places":
        return _LOSSES[missed.reason]
    lot_ko, lot_en = _BY_LOT if missed.by_lot else ("", "")
    ko = (
        f"이 회차에 채울 수 있던 {missed.places}자리가 모두 더 높은 순위의 학생에게 돌아갔습니다. "
        f"나의 순위는 {missed.own_rank}위, 마지막으로 배정된 학생은 {missed.last_rank}위입니다.{lot_ko}"
    )
    en = (
        f"Students whom the company ranked higher took every place to fill in this round ({missed.places}). "
        f"Your rank is {missed.own_rank}, that of the last one in is {missed.last_rank}.{lot_en}"
    )
    return ko, en


def to_company(standing: Standing) -> Sentence:
    """What became of a student."""
    return _STANDINGS[standing]


_BY_LOT: Final[Sentence] = (
    " 마지막으로 배정된 학생과 점수가 같아 추첨으로 순위가 정해졌습니다.",
    " Your score equals that of the last one in; the lot put you behind.",
)
_WITHDRAWN: Final[Sentence] = (
    "매칭 전에 기업이 구인을 철회하였습니다.",
    "The company had withdrawn the opening before the round was run.",
)
_OVER: Final[Sentence] = (
    "매칭 시점에 근무의 마지막 날이 지나 있었습니다.",
    "The last day of the work was over when the round was run.",
)
_SUSPENDED: Final[Sentence] = (
    "매칭 시점에 기업의 참여가 정지되어 있었습니다.",
    "The company was suspended when the round was run.",
)
_LAPSED: Final[Sentence] = (
    "매칭 시점에 학교와 기업의 2자 협약이 유효하지 않았습니다.",
    "School and company had no agreement in force when the round was run.",
)

_LOSSES: Final[Mapping[Loss, Sentence]] = {
    "not_ranked_by_company": (
        "기업이 나를 순위에 올리지 않았습니다.",
        "The company did not rank you for this opening.",
    ),
    "no_places": (
        "이 회차에 채울 수 있는 자리가 없었습니다.",
        "It had no place to fill in this round.",
    ),
    "not_in_round": ("이 회차에 없던 구인입니다.", "The opening took no part in this round."),
    "opening_withdrawn": _WITHDRAWN,
    "work_over": _OVER,
    "company_suspended": _SUSPENDED,
    "agreement_not_in_force": _LAPSED,
}

_STANDINGS: Final[Mapping[Standing, Sentence]] = {
    "offered": ("이 구인에 배정되어 제안을 받았습니다.", "Was matched with this opening and offered it."),
    "took_one_liked_better": (
        "더 원하는 다른 구인에 배정되었습니다.",
        "Was matched with an opening that the student likes better.",
    ),
    "higher_ranked_took_places": (
        "귀사가 더 높은 순위로 정한 학생들이 자리를 모두 채웠습니다.",
        "Students whom you ranked higher took all places.",
    ),
    "lot_decided": (
        "마지막으로 배정된 학생과 점수가 같았고, 추첨 순서에서 뒤였습니다.",
        "Scored the same as the last one in, and the lot put the student behind.",
    ),
    "no_places": (
        "이 회차에 채울 수 있는 자리가 없었습니다.",
        "The opening had no place to fill in this round.",
    ),
    "did_not_list": ("이 구인을 희망하지 않았습니다.", "Did not list this opening."),
    "not_ranked": (
        "이 구인을 희망하였으나 귀사가 순위에 올리지 않았습니다.",
        "Listed this opening; you did not rank the student.",
    ),
    "not_in_round": (
        "매칭 시점에 이 회차에 참여하고 있지 않았습니다.",
        "No longer took part when the round was run.",
    ),
    "opening_withdrawn": _WITHDRAWN,
    "work_over": _OVER,
    "company_suspended": _SUSPENDED,
    "agreement_not_in_force": _LAPSED,
}
