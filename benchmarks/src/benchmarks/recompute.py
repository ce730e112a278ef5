"""`recompute` from a snapshot file to its sealed result, the start of the process apart."""

import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import evaluation.snapshots
import placement.snapshots
from benchmarks.measure import Comparison, Side, Target, timed
from benchmarks.sizes import Sizes
from decisions import canonical, strict
from decisions.recompute import decide

TARGET: Final = Target(seconds=1.0)
PREFERENCES: Final = 10
GENERAL: Final = 0.8
"""The part of schools that take a place without a designation."""
TRACKS: Final = ("regional_key_industry", "work_study", "new_technology", "industry_academia", "startup")


@asynccontextmanager
async def compared(sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """Both decisions: the work alone in this process, and the whole command against its start."""
    with TemporaryDirectory(prefix="ieum-benchmarks-") as folder:
        selection, matching = Path(folder) / "selection.json", Path(folder) / "matching.json"
        selection.write_bytes(canonical.canonical(selection_snapshot(sizes.applicants)))
        matching.write_bytes(canonical.canonical(matching_snapshot(sizes.students, sizes.openings)))
        schools = f"a selection of {sizes.applicants:,}"
        market = f"a matching of {sizes.students:,} and {sizes.openings:,}"
        yield [
            _work(schools, selection, evaluation.snapshots.parse, evaluation.snapshots.compute),
            _work(market, matching, placement.snapshots.parse, placement.snapshots.compute),
            _command(schools, selection, "evaluation"),
            _command(market, matching, "placement"),
        ]


def _work(
    what: str, file: Path, parse: Callable[[Any], Any], compute: Callable[[Any], Mapping[str, Any]]
) -> Comparison:
    return Comparison(
        row="recompute",
        what=f"{what}: read, checked, decided, hashed, written",
        unit="files",
        ours=Side(
            "file to result", 1, timed(lambda: canonical.canonical(decide(strict.load(file), parse, compute)))
        ),
        other=Side("reading the file as JSON", 1, timed(lambda: json.loads(file.read_bytes()))),
        sense="times_as_long",
        target=TARGET,
    )


def _command(what: str, file: Path, service: str) -> Comparison:
    program = Path(sys.executable).with_name(service)

    def run(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run([program, "recompute", *words], check=True, capture_output=True)  # noqa: S603 - our own

    return Comparison(
        row="recompute",
        what=f"{what}: the whole command",
        unit="runs",
        ours=Side(f"{service} recompute FILE", 1, timed(run(str(file)))),
        other=Side("its start alone, --help", 1, timed(run("--help"))),
        sense="times_as_long",
        warm=False,
    )


def selection_snapshot(applicants: int, seed: int = 2025) -> dict[str, Any]:
    """A simulated selection: two pools, four quota groups, scores with ties."""
    chance = random.Random(seed)  # noqa: S311 - a simulation that is the same each time
    seats = max(4, applicants * 2 // 5)
    return {
        "kind": "selection",
        "programme_year": 2025,
        "policy": {
            "seats": seats,
            "designations_per_school": 1,
            "pools": [["continuing"], ["new"]],
            "quotas": [
                _quota("regional", TRACKS[:2], seats // 18, seats // 18),
                _quota("new_technology", TRACKS[2:3], seats // 7, seats // 7),
                _quota("industry_academia", TRACKS[3:4], seats // 20, seats // 10),
                _quota("startup", TRACKS[4:5], 0, seats // 5),
            ],
            "cut_line": "60",
            "tie_breaks": ["quantitative"],
            "lot_source": "simulated",
            "lot_seed": "01 02 03 04 05 06",
        },
        "applicants": [
            {
                "id": f"sch_{number:032x}",
                "kind": chance.choice(("continuing", "new")),
                "score": f"{chance.randint(55_000, 100_000) / 1000:.3f}",
                "criteria": {"quantitative": f"{chance.randint(0, 500) / 10:.1f}"},
                "tracks": chance.sample(TRACKS, chance.randint(0, 3)),
                "accepts_general": chance.random() < GENERAL,
                "barred": [],
            }
            for number in range(applicants)
        ],
    }


def _quota(name: str, tracks: Sequence[str], at_least: int, at_most: int) -> dict[str, Any]:
    return {"name": name, "tracks": list(tracks), "at_least": at_least, "at_most": at_most}


def matching_snapshot(students: int, openings: int, seed: int = 2025) -> dict[str, Any]:
    """A simulated round: every second company ranks by its own list, the others by scores with ties."""
    chance = random.Random(seed)  # noqa: S311 - a simulation that is the same each time
    names = [f"opn_{number:032x}" for number in range(openings)]
    listed: dict[str, list[str]] = {name: [] for name in names}
    lists = []
    for number in range(students):
        student = f"stu_{number:032x}"
        preferences = chance.sample(names, min(PREFERENCES, openings))
        lists.append({"id": student, "preferences": preferences})
        for name in preferences:
            listed[name].append(student)
    return {
        "kind": "matching",
        "round": 1,
        "lot_seed": "01 02 03 04 05 06",
        "students": lists,
        "openings": [
            {
                "id": name,
                "capacity": chance.randint(1, 5),
                **_order(chance, listed[name], scored=place % 2 == 0),
            }
            for place, name in enumerate(names)
        ],
    }


def _order(chance: random.Random, students: list[str], *, scored: bool) -> dict[str, Any]:
    if scored:
        return {"scores": {student: f"{chance.randint(0, 50) / 10:.1f}" for student in students}}
    return {"ranking": chance.sample(students, len(students))}
