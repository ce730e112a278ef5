"""What no text may hold is refused by the name of its field, and nothing is kept."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Final

from tests.asking import Caller, refused
from tests.placement.world import LISTS_UNTIL, LOT_SOURCE, RANKS_UNTIL, YEAR, World, openings_body

TERM = {"starts_on": "2025-04-01", "ends_on": "2026-02-28"}
ROUND = {
    "programme_year": YEAR,
    "preferences_until": LISTS_UNTIL.isoformat(),
    "rankings_until": RANKS_UNTIL.isoformat(),
}


CONTROLS: Final = ("\x00", "\n", "\x7f", "\x85")
TEXTS: Final[Sequence[tuple[Callable[[World], Caller], str, dict[str, Any], str]]] = (
    (
        lambda world: world.caller("company", party="cmp_1"),
        "/openings",
        openings_body(1, title="설비{}보전"),
        "openings.0.title",
    ),
    (
        lambda world: world.caller("school", party="sch_1"),
        "/agreements",
        {"programme_year": YEAR, "agreements": [TERM | {"partner": "cmp_{}1"}]},
        "agreements.0.partner",
    ),
    (lambda world: world.officer, "/rounds", ROUND | {"lot_source": LOT_SOURCE + "{}"}, "lot_source"),
    (lambda world: world.officer, "/rounds/mat_1/run", {"lot_seed": "3,11{}"}, "lot_seed"),
)


async def test_control_characters_are_refused_by_the_name_of_their_field(world: World) -> None:
    await world.year_opens()
    before = await world.state()
    for (who, path, body, field), control in product(TEXTS, CONTROLS):
        answer = await who(world).post(path, filled(body, control))
        refused(answer, 422, (field, "string_pattern_mismatch"))
    assert await world.state() == before


def filled(value: Any, control: str) -> Any:
    """The body with `{}` in its texts replaced."""
    if isinstance(value, dict):
        return {name: filled(each, control) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, control) for each in value]
    return value.replace("{}", control) if isinstance(value, str) else value
