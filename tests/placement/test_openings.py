"""Openings keep public rules, are changed while nobody holds a place on other terms, and are withdrawn."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asking import done, refused
from tests.placement.world import LISTS_UNTIL, RANKS_UNTIL, World, openings_body

from chassis.refusals import Conflict
from placement.domain.openings import Opening, OpeningFacts, minimum_wage, publish
from placement.domain.vocabulary import CompanyId, OpeningId, OpeningState, Year

SOME = OpeningFacts(
    field="smart_factory",
    title="설비 보전 (모의)",
    province="seoul",
    address="모의로 1",
    wage_krw_per_hour=10_500,
    hours_per_day=7,
    hours_per_week=35,
    works_from=time(9),
    works_until=time(17),
    starts_on=date(2026, 1, 5),
    ends_on=None,
    criteria=(),
    places=1,
)


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def offered(**changed: Any) -> dict[str, Any]:
    [opening] = openings_body(1, **changed)["openings"]
    return dict(opening)


BROKEN: Final[Sequence[tuple[dict[str, Any], tuple[str, str], str]]] = (
    (
        {"starts_on": "2025-11-01", "ends_on": "2025-12-31", "wage_krw_per_hour": 10_029},
        ("wage_krw_per_hour", "minimum_wage"),
        "Work in 2025 is paid at least KRW 10,030",
    ),
    (
        {"starts_on": "2026-01-05", "wage_krw_per_hour": 10_319},
        ("wage_krw_per_hour", "minimum_wage"),
        "https://www.minimumwage.go.kr",
    ),
    (
        # Work without an end reaches into the year after, whose minimum wage is on record too.
        {"starts_on": "2025-11-01", "wage_krw_per_hour": 10_319},
        ("wage_krw_per_hour", "minimum_wage"),
        "Work in 2026 is paid at least KRW 10,320",
    ),
    (
        {"starts_on": "2025-12-31", "ends_on": "2026-01-01", "wage_krw_per_hour": 10_319},
        ("wage_krw_per_hour", "minimum_wage"),
        "Work in 2026 is paid at least KRW 10,320",
    ),
    ({"hours_per_week": 41}, ("hours_per_week", "working_hours"), "Article 69"),
    ({"hours_per_day": 9, "works_until": "19:00:00"}, ("hours_per_day", "working_hours"), "Article 69"),
    ({"works_until": "22:00:01"}, ("works_from", "night_work"), "Article 70"),
    ({"works_from": "05:59:59"}, ("works_from", "night_work"), "Article 70"),
    ({"works_from": "21:00:00", "works_until": "06:00:00"}, ("works_from", "night_work"), "Article 70"),
    ({"works_until": "15:59:00"}, ("hours_per_day", "hours_fit"), "too short"),
    ({"starts_on": "2025-04-09"}, ("starts_on", "starts_in_future"), "2025-04-10"),
    ({"ends_on": "2026-01-04"}, ("ends_on", "term_in_order"), "before"),
)
"""What is offered, the field and the rule that refuse it, and what is said of it."""


async def test_an_opening_that_breaks_a_public_rule_is_refused_with_rule_and_source(year: World) -> None:
    settled = await year.settled(students=1)
    before = await year.state()
    for changed, (field, rule), source in BROKEN:
        answer = await settled.company.post("/openings", openings_body(1, **changed))
        refused(answer, 422, (f"openings.0.{field}", rule))
        assert source in answer.json()["errors"][0]["message"]
        answer = await settled.company.put(f"/openings/{settled.openings[0]}", offered(**changed))
        refused(answer, 422, (field, rule))
    assert await year.state() == before


async def test_the_limits_themselves_are_allowed(year: World) -> None:
    settled = await year.settled(students=1)
    for limits in (
        {"starts_on": "2025-11-01", "ends_on": "2025-12-31", "wage_krw_per_hour": 10_030},
        {"starts_on": "2025-11-01", "wage_krw_per_hour": 10_320},
        {"starts_on": "2026-01-01", "wage_krw_per_hour": 10_320},
        {"hours_per_day": 8, "hours_per_week": 40, "works_from": "06:00:00", "works_until": "22:00:00"},
    ):
        done(await settled.company.post("/openings", openings_body(1, **limits)), 201)


def test_a_year_whose_minimum_wage_is_not_known_here_has_at_least_the_last_one() -> None:
    days = [date(year, 7, 1) for year in (2023, 2024, 2025, 2026, 2027)]
    assert {minimum_wage(day, day) for day in days} == {
        *((9_860, 2023), (9_860, 2024), (10_030, 2025), (10_320, 2026), (10_320, 2027))
    }


async def test_terms_are_changed_until_somebody_holds_a_place_on_them(year: World) -> None:
    settled = await year.settled(students=2, places=(2,))
    [opening] = settled.openings
    path = f"/openings/{opening}"
    changed = offered(wage_krw_per_hour=12_000, address="모의로 9", criteria=["licence_welding"]) | {
        "places": 2
    }
    shown = done(await settled.company.put(path, changed))
    assert (shown["wage_krw_per_hour"], shown["criteria"]) == (12_000, ["licence_welding"])
    [(_, event)] = await year.told("opening-changed")
    assert (event["wage_krw_per_hour"], event["schools"]) == (12_000, [settled.school.party])
    assert "모의로" not in str(await year.told())
    ranking = {"opening": opening, "students": [each.party for each in settled.students]}
    await year.matched(settled, [[opening]] * 2, [ranking])
    before = await year.state()
    for other, expected in (
        (changed | {"wage_krw_per_hour": 11_000}, ("held", "opening_held")),
        (changed | {"places": 1}, ("places", "below_held")),
    ):
        refused(await settled.company.put(path, other), 409, expected)
    stranger = await year.settled(students=1)
    refused(await stranger.company.put(path, changed), 404, ("opening", "opening_not_found"))
    assert (await year.state())["offer"] == before["offer"]
    more = done(await settled.company.put(path, changed | {"places": 3}))
    assert (more["places"], more["held"], more["free"]) == (3, 2, 1)


async def test_a_withdrawn_opening_takes_nobody_new_and_lets_go_of_nobody(year: World) -> None:
    settled, offers = await year.offered(students=2, places=(3,))
    path = f"/openings/{settled.openings[0]}/withdrawal"
    done(await settled.company.post(path, {"reason": "order_lost"}), 201)
    [(_, event)] = await year.told("opening-withdrawn")
    assert (event["reason"], event["held"]) == ("order_lost", 2)
    for student, offer in zip(settled.students, offers, strict=True):
        await year.placed(settled, student, offer)
    shown = done(await settled.company.get(f"/openings/{settled.openings[0]}"))
    assert (shown["state"], shown["held"], shown["active"], shown["free"]) == ("withdrawn", 2, 2, 0)
    [third] = await year.enrolled(settled.school, settled.employment_class, 1)
    body = {"student": third.party, "opening": settled.openings[0], "reason": "late_matching"}
    refused(await year.officer.post("/placements", body), 409, ("opening", "opening_withdrawn"))
    assert done(await third.get(f"/students/{third.party}/openings")) == []
    again = await settled.company.post(path, {"reason": "order_lost"})
    refused(again, 409, ("state", "opening_withdrawn"))
    change = await settled.company.put(f"/openings/{settled.openings[0]}", offered())
    refused(change, 409, ("state", "opening_withdrawn"))


async def test_an_opening_withdrawn_after_it_was_listed_is_offered_to_nobody(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    [student], [opening] = settled.students, settled.openings
    matching_round = await year.round_opens()
    listed = {"openings": [opening]}
    done(await student.put(f"/rounds/{matching_round}/preferences", listed))
    await year.at(LISTS_UNTIL)
    ranking = {"rankings": [{"opening": opening, "students": [student.party]}]}
    done(await settled.company.put(f"/rounds/{matching_round}/rankings", ranking))
    done(await settled.company.post(f"/openings/{opening}/withdrawal", {"reason": "order_lost"}), 201)
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"/rounds/{matching_round}/closing"), 201)
    run = done(await year.officer.post(f"/rounds/{matching_round}/run", {}), 201)
    assert (run["offers"], run["unmatched"]) == (0, 1)


@given(
    places=st.integers(1, 5),
    steps=st.lists(st.sampled_from(("hold", "release", "occupy", "vacate", "withdraw"))),
)
def test_whatever_happens_to_an_opening_its_counts_stay_in_order(places: int, steps: list[str]) -> None:
    opening: Opening = publish(OpeningId("opn_1"), Year(2025), CompanyId("cmp_1"), SOME)
    opening = opening.change(replace(SOME, places=places))
    for step in steps:
        try:
            opening = getattr(opening, step)()
        except Conflict:
            continue
        assert 0 <= opening.active <= opening.held <= places
        if opening.state is OpeningState.WITHDRAWN:
            assert opening.free == 0
        else:
            assert (opening.state is OpeningState.FILLED) == (opening.active == places)
