"""What no text may hold is refused by the name of its field, and nothing is kept."""

from typing import Any

import pytest
from tests.asking import refused
from tests.placement.world import LISTS_UNTIL, LOT_SOURCE, RANKS_UNTIL, YEAR, World, openings_body

TERM = {"starts_on": "2025-04-01", "ends_on": "2026-02-28"}
ROUND = {
    "programme_year": YEAR,
    "preferences_until": LISTS_UNTIL.isoformat(),
    "rankings_until": RANKS_UNTIL.isoformat(),
}


@pytest.mark.parametrize("control", ["\x00", "\n", "\x7f", "\x85"])
@pytest.mark.parametrize(
    ("role", "path", "body", "field"),
    [
        ("company", "/openings", openings_body(1, title="설비{}보전"), "openings.0.title"),
        (
            "school",
            "/agreements",
            {"programme_year": YEAR, "agreements": [TERM | {"partner": "cmp_{}1"}]},
            "agreements.0.partner",
        ),
        ("officer", "/rounds", ROUND | {"lot_source": LOT_SOURCE + "{}"}, "lot_source"),
        ("officer", "/rounds/mat_1/run", {"lot_seed": "3,11{}"}, "lot_seed"),
    ],
)
async def test_control_characters_are_refused_by_the_name_of_their_field(
    world: World, role: str, path: str, body: dict[str, Any], field: str, control: str
) -> None:
    await world.year_opens()
    before = await world.state()
    asked = world.caller(role, party=None if role == "officer" else "sch_1" if role == "school" else "cmp_1")
    refused(await asked.post(path, filled(body, control)), 422, (field, "string_pattern_mismatch"))
    assert await world.state() == before


def filled(value: Any, control: str) -> Any:
    """The body with `{}` in its texts replaced."""
    if isinstance(value, dict):
        return {name: filled(each, control) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, control) for each in value]
    return value.replace("{}", control) if isinstance(value, str) else value
