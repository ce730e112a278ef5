"""Retention after six and twelve months: due on its day, answered by who knows, corrected and kept."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asking import done, refused
from tests.placement.waiting import looked
from tests.placement.world import MICROSECOND, YEAR, Settled, World

from placement.domain.agreements import Parties
from placement.domain.placements import Exit, Placement, Source
from placement.domain.retention import Check, CheckState, checks_of, months_after
from placement.domain.vocabulary import AgreementId, EndReason, PlacementId, Year
from placement.worker import ask_for_retention

SIX = datetime(2026, 7, 4, 15, tzinfo=UTC)
"""In Korea the fifth of July begins, six months after the first day at work."""
TWELVE = datetime(2027, 1, 4, 15, tzinfo=UTC)
LATE = datetime(2026, 7, 19, 15, tzinfo=UTC)
"""Midnight in Korea after the fourteenth day to answer."""


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def ask(world: World) -> None:
    await looked(ask_for_retention, world)


async def at_work(world: World, students: int = 1) -> tuple[Settled, list[str]]:
    """Students who begin to work on 5 January 2026, and their placements."""
    settled, offers = await world.offered(students=students, places=(students,))
    pairs = zip(settled.students, offers, strict=True)
    return settled, [await world.placed(settled, student, offer) for student, offer in pairs]


def still_there(*placements: str, months: int = 6) -> dict[str, Any]:
    return {
        "answers": [{"placement": each, "months": months, "retained": True} for each in placements],
    }


def gone(placement: str, ended_on: str, months: int = 6, reason: str = "resignation") -> dict[str, Any]:
    answer = {"placement": placement, "months": months, "retained": False}
    return {"answers": [answer | {"ended_on": ended_on, "reason": reason}]}


async def checks(world: World, **wanted: Any) -> list[dict[str, Any]]:
    page = done(await world.officer.get("/retention-checks", programme_year=YEAR, **wanted))
    found: list[dict[str, Any]] = page["items"]
    return found


@given(st.dates(date(2008, 1, 1), date(2090, 1, 1)), st.sampled_from((6, 12)))
def test_months_are_calendar_months_and_end_with_the_month_where_it_is_shorter(
    day: date, months: int
) -> None:
    after = months_after(day, months)
    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) == months
    assert after.day == day.day or (after.day < day.day and (after + timedelta(days=1)).day == 1)


def test_half_a_year_after_the_end_of_august_is_the_end_of_february() -> None:
    assert months_after(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert months_after(date(2027, 8, 30), 6) == date(2028, 2, 29)
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)


def ended(day: date, source: Source) -> tuple[Placement, list[Check]]:
    """A placement of January to a day, as it is recorded in August, and what follows for its checks."""
    began = Placement(
        PlacementId("plc_1"),
        Parties(Year(2025), *map(str, range(5))),  # type: ignore[arg-type]  # ids do not matter here
        AgreementId("agr_1"),
        datetime(2025, 10, 17, tzinfo=UTC),
        date(2026, 1, 5),
    )
    now = datetime(2026, 8, 10, tzinfo=UTC)
    over = began.end(Exit(day, EndReason.CONTRACT_END, source), now)
    return over, [check.follow(over, source, now.date(), now) for check in checks_of(began)]


def test_that_an_agreement_came_to_its_last_day_confirms_nothing() -> None:
    over, [six, twelve] = ended(date(2026, 7, 31), Source.AGREEMENT)
    assert (six.state, twelve.state) == (CheckState.SCHEDULED, CheckState.SCHEDULED)
    now = datetime(2027, 1, 5, tzinfo=UTC)
    assert six.come(over, now.date(), now).state is CheckState.DUE
    assert twelve.come(over, now.date(), now).retained is False
    _, [early, _] = ended(date(2026, 6, 30), Source.AGREEMENT)
    assert (early.retained, early.source) == (False, Source.EXIT)


@given(st.dates(date(2025, 10, 17), date(2026, 8, 10)), st.sampled_from([*Source]))
def test_an_end_and_what_is_said_of_the_checks_never_contradict_each_other(day: date, source: Source) -> None:
    over, checks = ended(day, source)
    for check in checks:
        if check.state is CheckState.ANSWERED:
            assert check.due_on <= date(2026, 8, 10)
            assert check.retained == (day >= check.due_on)
        else:
            assert check.state is (CheckState.VOID if over.never_began else CheckState.SCHEDULED)


async def test_a_check_is_due_on_its_day_in_korea_and_not_a_moment_before(year: World) -> None:
    _, [placement] = await at_work(year)
    await year.at(SIX - MICROSECOND)
    await ask(year)
    assert await year.told("retention-due") == []
    assert {check["state"] for check in await checks(year)} == {"scheduled"}

    await year.at(SIX)
    await ask(year)

    [(_, event)] = await year.told("retention-due")
    assert (event["placement"], event["months"], event["due_on"]) == (placement, 6, "2026-07-05")
    assert event["answer_until"] == "2026-07-19T15:00:00Z"
    await ask(year)
    assert len(await year.told("retention-due")) == 1


async def test_checks_whose_days_passed_while_nothing_ran_are_asked_once_each_by_several_workers(
    year: World,
) -> None:
    await at_work(year, students=3)
    await year.at(TWELVE + timedelta(days=40))
    await asyncio.gather(*(ask(year) for _ in range(3)))
    asked = [(event["placement"], event["months"]) for _, event in await year.told("retention-due")]
    assert len(asked) == len(set(asked)) == 6
    assert len(await checks(year, state="overdue")) == 6


async def test_retention_before_its_day_is_refused(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX - MICROSECOND)
    before = await year.state()
    for party in (settled.company, settled.school, year.officer):
        answer = await party.post("/retention-checks/answers", still_there(placement))
        refused(answer, 409, ("answers.0.months", "retention_not_due"))
    late = gone(placement, "2026-05-29")
    answer = await settled.company.post("/retention-checks/answers", late)
    refused(answer, 409, ("answers.0.months", "retention_not_due"))
    assert await year.state() == before


async def test_a_company_or_a_school_confirms_and_only_its_own(year: World) -> None:
    settled, placements = await at_work(year, students=2)
    stranger = await year.settled()
    await year.at(SIX)
    for party in (stranger.company, stranger.school):
        answer = await party.post("/retention-checks/answers", still_there(placements[0]))
        refused(answer, 404, ("answers.0.placement", "placement_not_found"))
        assert done(await party.get("/retention-checks", programme_year=YEAR))["items"] == []
    for by, placement in zip((settled.company, settled.school), placements, strict=True):
        shown = done(await by.post("/retention-checks/answers", still_there(placement)), 201)
        assert [(each["months"], each["state"], each["retained"]) for each in shown] == [
            (6, "answered", True),
            (12, "scheduled", None),
        ]
        again = await by.post("/retention-checks/answers", still_there(placement))
        refused(again, 409, ("answers.0.months", "answered_already"))
    told = [(event["source"], event["retained"]) for _, event in await year.told("retention-checked")]
    assert told == [("company", True), ("school", True)]
    await ask(year)
    assert await year.told("retention-due") == []


async def test_answers_are_taken_all_or_none_and_each_that_is_wrong_is_named(year: World) -> None:
    settled, [one, two] = await at_work(year, students=2)
    await year.at(SIX)
    before = await year.state()
    rows = [
        {"placement": one, "months": 6, "retained": True},
        {"placement": one, "months": 12, "retained": True},
        {"placement": two, "months": 7, "retained": True},
        {"placement": two, "months": 6, "retained": False},
    ]
    answer = await settled.company.post("/retention-checks/answers", {"answers": rows})
    expected = (
        ("answers.1.months", "retention_not_due"),
        ("answers.2.months", "no_such_check"),
        ("answers.3.ended_on", "last_day_and_reason"),
    )
    refused(answer, 422, *expected)
    contradictions = (
        (rows[0] | {"ended_on": "2026-05-01", "reason": "closure"}, 422, ("ended_on", "still_there")),
        (
            rows[0] | {"retained": False, "ended_on": "2026-07-05", "reason": "closure"},
            422,
            ("ended_on", "was_still_there"),
        ),
    )
    for row, status, (field, rule) in contradictions:
        answer = await settled.company.post("/retention-checks/answers", {"answers": [row]})
        refused(answer, status, (f"answers.0.{field}", rule))
    twice = await settled.company.post("/retention-checks/answers", still_there(one, one))
    refused(twice, 422, ("answers", "distinct"))
    unknown = await settled.company.post("/retention-checks/answers", still_there("plc_none"))
    refused(unknown, 404, ("placement", "placement_not_found"))
    assert await year.state() == before


async def test_who_is_no_longer_there_has_left_on_the_day_given_and_the_place_is_free(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX)
    await ask(year)
    done(await settled.company.post("/retention-checks/answers", gone(placement, "2026-05-29")), 201)
    [(_, ended)] = await year.told("placement-ended")
    assert (ended["ended_on"], ended["reason"]) == ("2026-05-29", "resignation")
    [(_, checked)] = await year.told("retention-checked")
    assert (checked["months"], checked["retained"], checked["source"]) == (6, False, "exit")
    [opening] = await year.rows("select held, active, state from opening")
    assert opening == {"held": 0, "active": 0, "state": "published"}

    await year.at(TWELVE)
    await ask(year)

    assert len(await year.told("retention-due")) == 1
    told = [(event["months"], event["retained"]) for _, event in await year.told("retention-checked")]
    assert told == [(6, False), (12, False)]


async def test_nobody_confirms_who_has_left_by_what_is_recorded_while_no_worker_has_looked(
    year: World,
) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX - timedelta(days=90))
    done(await settled.school.post(f"/placements/{placement}/end", {"reason": "resignation"}), 201)
    await year.at(SIX)
    before = await year.state()
    for party in (settled.company, settled.school, year.officer):
        answer = await party.post("/retention-checks/answers", still_there(placement))
        refused(answer, 409, ("answers.0.retained", "left_before"))
    assert await year.state() == before
    await ask(year)
    assert [(each["retained"], each["source"]) for each in await checks(year)] == [
        (False, "exit"),
        (None, None),
    ]


async def test_answers_about_one_student_tell_one_end(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(TWELVE)
    before = await year.state()
    [left] = gone(placement, "2026-05-29")["answers"]
    [later] = gone(placement, "2026-06-05", months=12)["answers"]
    answer = await settled.company.post("/retention-checks/answers", {"answers": [left, later]})
    refused(answer, 409, ("answers.1.ended_on", "one_end"))
    [there] = still_there(placement, months=12)["answers"]
    answer = await settled.company.post("/retention-checks/answers", {"answers": [left, there]})
    refused(answer, 409, ("answers", "one_end"))
    assert await year.state() == before
    same = later | {"ended_on": "2026-05-29"}
    done(await settled.company.post("/retention-checks/answers", {"answers": [left, same]}), 201)
    assert [each["retained"] for each in await checks(year)] == [False, False]
    assert len(await year.told("placement-ended")) == 1


async def test_an_exit_dated_back_corrects_what_was_confirmed_and_keeps_it(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX)
    done(await settled.company.post("/retention-checks/answers", still_there(placement)), 201)
    await year.at(SIX + timedelta(days=30))
    exit_ = {"reason": "dismissal", "ended_on": "2026-06-30"}
    shown = done(await settled.school.post(f"/placements/{placement}/end", exit_), 201)
    assert (shown["state"], shown["ended_on"]) == ("ended", "2026-06-30")
    [six, _] = await checks(year)
    assert (six["retained"], six["source"]) == (False, "exit")
    said = [(each["revision"], each["retained"], each["source"]) for each in six["said"]]
    assert said == [(1, True, "company"), (2, False, "exit")]

    body = {"reason": "dismissal", "ended_on": "2026-07-10"}
    done(await year.officer.post(f"/placements/{placement}/end/correction", body), 201)

    [six, _] = await checks(year)
    said = [(each["revision"], each["retained"], each["source"]) for each in six["said"]]
    assert said == [(1, True, "company"), (2, False, "exit"), (3, True, "officer")]
    revisions = [event["revision"] for _, event in await year.told("retention-checked")]
    assert revisions == [1, 2, 3]
    ends = await year.rows("select revision, ended_on, source from placement_end order by revision")
    assert [(end["revision"], end["source"]) for end in ends] == [(1, "school"), (2, "officer")]
    [(_, corrected)] = await year.told("placement-end-corrected")
    assert (corrected["revision"], corrected["ended_on"]) == (2, "2026-07-10")


async def test_an_end_after_the_day_says_that_the_student_was_still_there(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX + timedelta(days=30))
    body = {"reason": "contract_end", "ended_on": "2026-07-31"}
    done(await settled.company.post(f"/placements/{placement}/end", body), 201)
    [six, twelve] = await checks(year)
    assert (six["retained"], six["source"]) == (True, "company")
    assert twelve["state"] == "scheduled"


async def test_work_that_never_began_is_checked_by_nobody(year: World) -> None:
    settled, [placement] = await at_work(year)
    done(await settled.company.post(f"/placements/{placement}/end", {"reason": "closure"}), 201)
    assert {check["state"] for check in await checks(year)} == {"void"}
    await year.at(TWELVE)
    await ask(year)
    assert await year.told("retention-due") == []
    refused(
        await settled.company.post("/retention-checks/answers", still_there(placement)),
        409,
        ("answers.0.months", "work_never_began"),
    )


async def test_an_answer_of_work_that_turns_out_never_to_have_begun_counts_for_nothing(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX)
    done(await settled.company.post("/retention-checks/answers", still_there(placement)), 201)
    before_the_first_day = {"reason": "other", "ended_on": "2025-12-30"}
    done(await settled.school.post(f"/placements/{placement}/end", before_the_first_day), 201)
    [six, twelve] = await checks(year)
    assert (six["state"], twelve["state"], six["retained"]) == ("void", "void", None)
    assert await counted_checks(year) == (0, 0)
    kept = await year.rows("select revision, retained, source from retention_answer")
    assert [tuple(each.values()) for each in kept] == [(1, True, "company")]

    began = {"reason": "resignation", "ended_on": "2026-03-31"}
    done(await settled.school.post(f"/placements/{placement}/end/correction", began), 201)
    [six, twelve] = await checks(year)
    assert (six["state"], six["retained"], six["source"]) == ("answered", False, "exit")
    assert twelve["state"] == "scheduled"
    assert await counted_checks(year) == (1, 0)
    assert [event["revision"] for _, event in await year.told("retention-checked")] == [1, 2]


async def counted_checks(world: World) -> tuple[int, int]:
    """Placements whose sixth month was over by the fifth of July, and those that lasted."""
    await world.at(SIX + timedelta(days=1))
    path = f"/programme-years/{YEAR}/outcomes"
    done(await world.officer.post(path, {"as_of": "2026-07-05"}), 201)
    [row] = done(await world.officer.get(path, as_of="2026-07-05", by="total"))["rows"]
    return row["due_6"], row["retained_6"]


async def test_what_nobody_answers_in_time_stands_on_the_overdue_list_of_its_parties(year: World) -> None:
    settled, [answered, forgotten] = await at_work(year, students=2)
    await year.at(SIX)
    await ask(year)
    done(await settled.school.post("/retention-checks/answers", still_there(answered)), 201)
    await year.at(LATE - MICROSECOND)
    assert await checks(year, state="overdue") == []
    await year.at(LATE)
    for reader in (year.officer, settled.school, settled.company):
        page = done(await reader.get("/retention-checks", programme_year=YEAR, state="overdue"))
        assert [(each["placement"], each["months"]) for each in page["items"]] == [(forgotten, 6)]
    done(await settled.company.post("/retention-checks/answers", still_there(forgotten)), 201)
    assert await checks(year, state="overdue") == []


async def test_a_list_of_checks_is_read_in_pages(year: World) -> None:
    _, placements = await at_work(year, students=3)
    found, after = [], None
    while True:
        query = {"programme_year": YEAR, "limit": 2} | ({} if after is None else {"after": after})
        page = done(await year.officer.get("/retention-checks", **query))
        found += [(each["placement"], each["months"]) for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == [(each, months) for each in sorted(placements) for months in (6, 12)]


async def test_parties_who_answer_at_the_same_moment_answer_once(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(SIX)
    parties = (settled.company, settled.school, year.officer)
    asking = asyncio.create_task(ask(year))
    answers = await asyncio.gather(
        *(party.post("/retention-checks/answers", still_there(placement)) for party in parties)
    )
    await asking
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await year.told("retention-checked")) == 1
