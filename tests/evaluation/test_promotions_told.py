"""What schools read after a promotion, in sentences and letters, is what they were offered and had asked."""

from collections.abc import Mapping
from typing import Any, Final

from tests.asking import done
from tests.evaluation.test_explanations_hold import assert_told_the_truth
from tests.evaluation.town import YEAR, Town

from contracts import applications as told_by_applications
from contracts.examples import example
from evaluation.views.letters import Language, contents
from evaluation.views.shapes import OwnResultView
from evaluation.worker import expire_due

RESULT: Final = f"/programme-years/{YEAR}/result"
SCHOOLS: Final[dict[int, tuple[int, Mapping[str, Any]]]] = {
    1: (95, {"tracks": ["new_technology"]}),
    2: (94, {"tracks": ["new_technology"]}),
    3: (90, {}),
    4: (89, {}),
    5: (80, {"tracks": ["new_technology"]}),
    6: (70, {"tracks": ["new_technology"]}),
    7: (65, {"accepts_general": False}),
}


async def leaves(town: Town, number: int) -> None:
    path = f"/programme-years/{YEAR}/relinquishment"
    done(await town.school(number).post(path, {"reason": "too_few_students"}), 201)
    await assert_told_the_truth(town)


async def answers(town: Town, number: int, how: str) -> None:
    offer = await town.offer_of(number)
    assert offer is not None
    done(await town.school(number).post(f"/offers/{offer['id']}/{how}"), 201)
    await assert_told_the_truth(town)


async def read_by(town: Town, number: int) -> OwnResultView:
    return OwnResultView.model_validate(done(await town.school(number).get(RESULT)))


async def letter(town: Town, number: int, language: Language = "en") -> dict[str, Any]:
    """The letter's rows by their heads, with its reasons and what can be done."""
    filled = contents(await read_by(town, number), language)
    return {**dict(filled["rows"]), "reasons": filled["reasons"], "next": filled["next"]}


async def with_an_offer_open_and_more_to_come(town: Town) -> None:
    """School 5 is offered general support, then a designation falls free that only it comes before 6 for."""
    await town.finished(SCHOOLS)
    await leaves(town, 3)
    await leaves(town, 1)


async def test_a_school_with_an_open_offer_reads_that_offer_and_what_waits(town: Town) -> None:
    await with_an_offer_open_and_more_to_come(town)
    own = await read_by(town, 5)
    assert own.offer is not None
    assert own.offer.designations == []
    waits = "More (New technology-focused) waits for its answer."
    assert f"Outcome: offered (general support), held once it is accepted. {waits}" in (
        own.outcome.explanation_en
    )
    assert "결과: 제안(일반지원), 수락해야 확정됩니다. 그 밖의 지정(신기술 중점지원)은" in (
        own.outcome.explanation_ko
    )
    read = await letter(town, 5)
    assert read["Outcome"] == "Offered (General support)"
    assert read["reasons"] == [waits]
    assert read["next"][0].startswith("The offer (General support) is to be answered before")
    korean = await letter(town, 5, "ko")
    assert korean["결과"] == "제안 (일반지원)"
    assert korean["reasons"] == ["그 밖의 지정(신기술 중점지원)은 이 제안에 답한 뒤에 정해집니다."]


async def test_nobody_reads_that_a_school_is_in_where_it_has_yet_to_answer(town: Town) -> None:
    await with_an_offer_open_and_more_to_come(town)
    read = await read_by(town, 6)
    assert (
        "New technology-focused: its places were taken, or wait for a school with an offer to answer"
        " (to answer: Hanbit Technical High School)."
    ) in read.outcome.explanation_en
    assert "다른 제안에 답할 학교의 몫으로 남아 있습니다(답할 학교: 모의 sch_5 고등학교)" in (
        read.outcome.explanation_ko
    )


async def test_an_accepted_offer_is_followed_by_what_waited(town: Town) -> None:
    await with_an_offer_open_and_more_to_come(town)
    await answers(town, 5, "acceptance")
    read = await letter(town, 5)
    assert (read["Outcome"], read["Now"]) == (
        "Offered (New technology-focused)",
        "Selected (General support)",
    )
    assert read["reasons"] == ["The school got what it had asked for first."]


async def test_what_was_refused_stays_in_what_was_asked(town: Town) -> None:
    await with_an_offer_open_and_more_to_come(town)
    await answers(town, 5, "refusal")
    assert (await letter(town, 5))["Outcome"] == "Offered (New technology-focused)"
    await answers(town, 5, "refusal")
    own = await read_by(town, 5)
    assert "Asked for: New technology-focused, then general support." in own.outcome.explanation_en
    read = await letter(town, 5)
    assert read["Asked for"] == "New technology-focused, then General support"
    assert read["Outcome"] == "Number 1 on the reserve list"
    assert read["reasons"] == [
        "New technology-focused: it was offered and declined.",
        "General support: it was offered and declined.",
    ]
    korean = await letter(town, 5, "ko")
    assert korean["reasons"] == [
        "신기술 중점지원: 제안을 거절했습니다.",
        "일반지원: 제안을 거절했습니다.",
    ]


async def test_what_lapsed_is_told_as_lapsed(town: Town) -> None:
    await town.finished(SCHOOLS)
    await leaves(town, 3)
    offer = await read_by(town, 5)
    assert offer.offer is not None
    await town.at(offer.offer.expires_at)
    await expire_due(town.runtime.pool)
    await assert_told_the_truth(town)
    reasons = (await letter(town, 5))["reasons"]
    assert "General support: it was offered, and lapsed without an answer." in reasons


async def test_who_leaves_with_an_offer_was_never_selected(town: Town) -> None:
    await town.finished(SCHOOLS)
    await leaves(town, 3)
    await leaves(town, 5)
    read = await letter(town, 5)
    assert (read["Outcome"], read["Now"]) == ("Offered (General support)", "Relinquished")


async def test_a_school_that_asked_for_nothing_did_not_get_its_first_wish(town: Town) -> None:
    await town.finished(SCHOOLS)
    assert (await letter(town, 7))["reasons"] == ["The school asked for nothing."]
    assert (await letter(town, 7, "ko"))["reasons"] == ["신청한 것이 없습니다."]


async def test_a_closed_school_keeps_what_it_holds_and_is_offered_no_more(town: Town) -> None:
    schools = {**SCHOOLS, 3: (90, {"tracks": ["new_technology"]})}
    await town.finished(schools)
    closing = example(told_by_applications.SchoolClosed, school="sch_3", reason="merged")
    await town.receive(town.applications.tells(closing))
    await leaves(town, 1)
    assert await town.offer_of(3) is None
    offer = await town.offer_of(5)
    assert offer is not None
    assert offer["designations"] == ["new_technology"]
    assert (await town.states())["sch_3"] == "selected"
    read = await letter(town, 3)
    assert read["Outcome"] == "Selected (General support)"
    assert read["reasons"] == ["New technology-focused: a closed school is given nothing more."]
