import pytest
from tests.closed_loop.loop import Loop
from tests.evaluation.conftest import town
from tests.evaluation.town import Town
from tests.placement.conftest import world
from tests.placement.world import World

__all__ = ["loop", "town", "world"]


@pytest.fixture
def loop(town: Town, world: World) -> Loop:
    """Evaluation and placement, each on a database of its own, with what each tells the other."""
    return Loop(town, world)
