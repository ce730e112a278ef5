"""Values that no rule of a field forbids and the database does not hold, and acts that come too late."""

from typing import Any

import pytest
from tests.applications.town import BEFORE, TERMS, Town, policy, row
from tests.asking import done, refused


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/calls", {"year": 10**12}),
        ("/applications", {"year": -(10**12)}),
        ("/schools", {"after": "\x00"}),
        ("/schools", {"name": "a\x00b"}),
        ("/schools/a%00b", {}),
    ],
)
async def test_a_value_the_database_does_not_hold_is_the_callers_fault(
    town: Town, path: str, query: dict[str, Any]
) -> None:
    answer = await town.officer.get(path, **query)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_moment_before_all_time_is_refused(town: Town) -> None:
    await town.at(BEFORE)
    done(await town.officer.put("/programme-years/2025", policy()), 201)
    before = await town.state()
    terms = TERMS | {"opens_at": "0001-01-01T00:00:00+09:00"}
    answer = await town.officer.post("/programme-years/2025/calls", terms)
    assert answer.status_code == 422, answer.text
    assert await town.state() == before


async def test_a_policy_with_more_seats_than_others_can_keep_opens_nothing(town: Town) -> None:
    refused(
        await town.officer.put("/programme-years/2025", policy(seats=10**12)),
        422,
        ("seats", "less_than_equal"),
    )


async def test_a_school_takes_no_name_that_another_without_code_bears_in_its_province(town: Town) -> None:
    rows = [row(n) | {"neis_code": None, "province": "seoul"} for n in (1, 2)]
    first, second = done(await town.officer.post("/schools/import", {"rows": rows}), 201)["schools"]
    before = await town.state()
    named = {"name_ko": second["name_ko"], "name_en": None}
    answer = await town.officer.put(f"/schools/{first['id']}/name", named)
    refused(answer, 409, ("name_ko", "name_taken"))
    assert await town.state() == before


async def test_a_school_that_closed_hands_nothing_in(town: Town) -> None:
    [school] = await town.schools(1)
    applicant = await town.drafted(school, await town.open_call())
    done(await town.officer.post(f"/schools/{school}/closure", {"reason": "merged"}), 201)
    refused(await applicant.submit(), 409, ("state", "school_closed"))
