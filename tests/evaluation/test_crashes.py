"""kill -9 of the service between the steps of a decision: one effect or none, one when asked again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.asking import Caller, done
from tests.evaluation.town import AFTER_APPEALS, SEED, YEAR, Town
from tests.killing import Killable, asked_in_vain

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

SIX: Final = {1: 95, 2: 90, 3: 85, 4: 80, 5: 75, 6: 50}
POINTS: Final = ("command.before_commit", "command.after_commit")
RUNS: Final = f"/programme-years/{YEAR}/runs"


@pytest.fixture
async def killable(town: Town, kafka: str, tmp_path: Path) -> AsyncIterator[Killable]:
    settings = {
        "DATABASE_URL": town.database.url,
        "KAFKA_BOOTSTRAP": kafka,
        "IDENTITY_KEYS": str(town.issuer.keys),
        "SIGNING_KEY": str(tmp_path / "signing-key.pem"),
    }
    made = Killable("evaluation", settings, tmp_path / "evaluation.log")
    yield made
    await made.end()


async def dies_then_answers(
    town: Town, killable: Killable, point: str, caller: Caller, path: str, body: Any = None
) -> Any:
    """Asked of a process that dies at `point`, then of another one, under the same key.

    The other one is that of the test: all that the service knows of what became of it stands in the database.
    """
    before = await town.state()
    key = f"{caller.name}-{path.rsplit('/', 1)[-1]}"
    dying = await killable.start(crash_at=point)
    await asked_in_vain(dying.as_(caller).post(path, body, key=key))
    await dying.killed()
    found = await town.state()
    assert (found == before) == (point == "command.before_commit")
    answer = done(await caller.post(path, body, key=key), 201)
    if point == "command.after_commit":
        assert await town.state() == found
    return answer


def digests(run: dict[str, Any]) -> dict[str, Any]:
    return {name: run[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}


@pytest.mark.parametrize("point", POINTS)
async def test_a_result_is_proposed_approved_and_published_once_though_the_service_dies_at_each_step(
    town: Town, killable: Killable, point: str
) -> None:
    await town.prepared({number: {} for number in SIX})
    await town.scored(SIX)
    first, second = town.officer, town.officer
    run = await dies_then_answers(town, killable, point, first, RUNS, {"stage": "preliminary"})
    path = f"/runs/{run['id']}"
    await dies_then_answers(town, killable, point, second, f"{path}/approval", digests(run))
    published = await dies_then_answers(town, killable, point, first, f"{path}/publication")
    assert published["state"] == "published"
    assert [each["version"] for each in done(await first.get(RUNS))] == [1]
    for kind, times in (("run-proposed", 1), ("run-approved", 1), ("results-published", 1)):
        assert len(await town.told(kind)) == times, kind
    assert len(await town.told("preliminary-outcome-announced")) == len(SIX)


@pytest.mark.parametrize("point", POINTS)
async def test_a_place_is_given_up_offered_and_taken_once_though_the_service_dies_at_each_step(
    town: Town, killable: Killable, point: str
) -> None:
    await town.prepared({number: {} for number in SIX})
    await town.scored(SIX)
    await town.published("preliminary")
    await town.at(AFTER_APPEALS)
    await town.published("final")
    path, reason = f"/programme-years/{YEAR}/relinquishment", {"reason": "too_few_students"}
    await dies_then_answers(town, killable, point, town.school(1), path, reason)
    offer = await town.offer_of(5)
    assert offer is not None
    await dies_then_answers(town, killable, point, town.school(5), f"/offers/{offer['id']}/acceptance")
    shown = await town.standings()
    [seats] = [quota for quota in shown["quotas"] if quota["name"] == "*"]
    assert (seats["held"], seats["offered"]) == (4, 0)
    for kind in ("school-relinquished", "offer-made", "offer-accepted", "school-promoted"):
        assert len(await town.told(kind)) == 1, kind
