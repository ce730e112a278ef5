"""The letter of a school's result: what it says, in which language, and to whom."""

from typing import Any, Final

from tests.asking import Caller, done, refused
from tests.evaluation import test_review_stages as stages
from tests.evaluation.town import SEED, SELECTION, YEAR, Town
from tests.printed import text_of

LETTER = f"/programme-years/{YEAR}/result/letter"
SCHOOLS: Final[dict[int, tuple[int, dict[str, Any]]]] = {
    1: (95, {"kind": "continuing"}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["new_technology"]}),
    4: (80, {"tracks": ["new_technology"], "accepts_general": False}),
    5: (75, {}),
    6: (50, {}),
}


async def said_to(caller: Caller, language: str | None = None) -> str:
    answer = await caller.get(LETTER, **({"language": language} if language else {}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return text_of(answer.content)


async def test_a_school_prints_its_preliminary_result_in_korean(town: Town) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in SCHOOLS.items()})
    await town.scored({n: total for n, (total, _) in SCHOOLS.items()})
    run = await town.published("preliminary")
    text = await said_to(town.school(4))
    for said in (
        "예비 선정결과 통지서",
        "모의 sch_4 고등학교 귀하",
        "예비 1번",
        "4위",
        "종합점수",
        "80.000점",
        "정량",
        "32.000점",
        "신기술 중점지원",
        "마지막 배정: 모의 sch_3 고등학교",
        "이의신청은 2025-03-20 00:00 (한국 시각) 전까지",
        run["result_sha256"],
    ):
        assert said in text, text


async def test_the_same_result_in_english(town: Town) -> None:
    await town.finished(SCHOOLS)
    text = await said_to(town.school(6), "en")
    assert "Final result" in text
    assert "Not selected" in text
    assert "the total is 10.000 below the cut line of 60" in text
    assert "appeal" not in text
    first = await said_to(town.school(1), "en")
    assert "Selected (General support)" in first
    assert "The school got what it had asked for first." in first


async def test_an_offer_is_in_the_letter_with_its_deadline(town: Town) -> None:
    await town.finished(SCHOOLS)
    given_up = {"reason": "too_few_students"}
    assert (await town.school(2).post(f"/programme-years/{YEAR}/relinquishment", given_up)).status_code == 201
    offer = await town.offer_of(4)
    assert offer is not None
    text = await said_to(town.school(4))
    assert "예비순위 승계 결과 통지서" in text
    assert "제안(신기술 중점지원)에는" in text


async def test_a_letter_is_for_its_own_school_alone(town: Town) -> None:
    await town.finished(SCHOOLS)
    mine = (await town.school(2).get(LETTER)).content
    assert mine == (await town.school(2).get(LETTER)).content
    assert mine != (await town.school(3).get(LETTER)).content
    refused(await town.school(9).get(LETTER), 404, ("result", "result_not_found"))
    for role in ("officer", "auditor", "reviewer", "company"):
        assert (await town.caller(role, party="sch_2").get(LETTER)).status_code == 403


async def test_a_language_there_is_no_letter_in_is_refused(town: Town) -> None:
    answer = await town.school(1).get(LETTER, language="fr")
    assert answer.status_code == 422


async def test_a_school_that_a_stage_cut_reads_which_line_and_how_much_it_lacked(town: Town) -> None:
    await stages.under_two_stages(town, 2)
    for application, score in ((1, "30"), (2, "19.5")):
        await stages.all_give(town, application, results=score)
    done(await town.officer.post(f"{stages.STAGES}/documents/closure"), 201)
    done(await town.officer.post(stages.ASSIGN), 201)
    await stages.all_give(town, 1, talk="60")
    await town.at(SELECTION)
    done(await town.officer.post(stages.CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    assert "서면평가 통과 점수 20점에 0.500점 모자랍니다" in await said_to(town.school(2))
    english = await said_to(town.school(2), "en")
    assert "what was reached by the document review is 0.500 below its line of 20" in english
