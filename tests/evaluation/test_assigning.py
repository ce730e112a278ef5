"""Conflicts as of a day, and assignment held against what can be worked out by other means."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.domain.assigning import Task, Wanting, shortages, task
from evaluation.domain.policy import Ground
from evaluation.domain.reviewers import Affiliation, Applying, Conflicts, Reviewer, fit
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId
from evaluation.solver import Given, solve

GROUNDS: tuple[Ground, ...] = ("same_school", "same_corporation", "same_province", "former_employer")
TODAY = date(2025, 3, 1)
SCHOOL = SchoolId("sch_1")
APPLYING = Applying(ApplicationId("app_1"), SCHOOL, "seoul", "한빛학원", "industrial", ("new_technology",))


def grounds_of(affiliation: Affiliation, *grounds: Ground) -> list[str]:
    reviewer = Reviewer(ReviewerId("rev_1"), affiliations=(affiliation,))
    return list(Conflicts([reviewer], {}, grounds or GROUNDS, TODAY).of(APPLYING).values())


@pytest.mark.parametrize(
    ("affiliation", "expected"),
    [
        (Affiliation(school=SCHOOL), ["same_school"]),
        (Affiliation(school=SCHOOL, since=TODAY), ["same_school"]),
        (Affiliation(school=SCHOOL, since=date(2025, 3, 2)), []),
        (Affiliation(school=SCHOOL, until=date(2025, 3, 2)), ["same_school"]),
        (Affiliation(school=SCHOOL, until=TODAY), ["former_employer"]),
        (Affiliation(corporation="한빛학원"), ["same_corporation"]),
        (Affiliation(corporation="한빛학원", until=TODAY), ["former_employer"]),
        (Affiliation(corporation="다른학원"), []),
        (Affiliation(province="seoul"), ["same_province"]),
        (Affiliation(province="seoul", until=TODAY), []),
        (Affiliation(school=SchoolId("sch_2"), province="busan"), []),
    ],
)
def test_an_affiliation_is_a_conflict_while_it_holds_and_as_the_policy_says(
    affiliation: Affiliation, expected: list[str]
) -> None:
    assert grounds_of(affiliation) == expected
    for ground in expected:
        others: list[Ground] = [each for each in GROUNDS if each != ground]
        assert grounds_of(affiliation, *others) == []


def test_an_affiliation_that_begins_while_the_work_lasts_is_a_conflict() -> None:
    reviewer = Reviewer(
        ReviewerId("rev_1"), affiliations=(Affiliation(school=SCHOOL, since=date(2025, 3, 5)),)
    )
    assert Conflicts([reviewer], {}, GROUNDS, TODAY, date(2025, 3, 4)).of(APPLYING) == {}
    assert Conflicts([reviewer], {}, GROUNDS, TODAY, date(2025, 3, 5)).of(APPLYING) == {
        "rev_1": "same_school"
    }


def test_a_declared_conflict_counts_whatever_the_policy_says() -> None:
    conflicts = Conflicts([], {SCHOOL: [ReviewerId("rev_9")]}, [], TODAY)
    assert conflicts.of(APPLYING) == {"rev_9": "declared"}


def test_expertise_counts_the_first_track_most_then_others_then_the_stream() -> None:
    applying = Applying(
        ApplicationId("app_1"), SCHOOL, "seoul", None, "industrial", ("new_technology", "work_study")
    )

    def of(tracks: Sequence[str], fields: Sequence[str]) -> int:
        return fit(Reviewer(ReviewerId("r"), tracks=frozenset(tracks), fields=frozenset(fields)), applying)

    assert of(["new_technology"], ["industrial"]) == 3
    assert of(["new_technology", "work_study"], []) == 2
    assert of(["work_study"], ["industrial"]) == 2
    assert of(["work_study"], ["commercial"]) == 1
    assert of([], []) == 0


def town_of(applications: int, reviewers: int, seed: int) -> tuple[list[Wanting], list[Reviewer], Conflicts]:
    """Schools and reviewers over 17 provinces with tracks and streams; every tenth reviewer declares some."""
    dice = random.Random(seed)
    provinces, tracks = [f"p{n}" for n in range(17)], ["general", "new_technology", "work_study", "regional"]
    streams = ["industrial", "commercial", "agricultural", "home", "fisheries"]
    wanting = [
        Wanting(
            Applying(
                ApplicationId(f"app_{n:04}"),
                SchoolId(f"sch_{n:04}"),
                dice.choice(provinces),
                None,
                dice.choice(streams),
                tuple(dice.sample(tracks, dice.randint(1, 2))),
            ),
            "documents",
            3,
        )
        for n in range(applications)
    ]
    pool = [
        Reviewer(
            ReviewerId(f"rev_{n:03}"),
            dice.choice(provinces),
            frozenset(dice.sample(tracks, 2)),
            frozenset(dice.sample(streams, 2)),
        )
        for n in range(reviewers)
    ]
    declared: dict[SchoolId, list[ReviewerId]] = {}
    for reviewer in pool[::10]:
        for school in dice.sample(range(applications), 5):
            declared.setdefault(SchoolId(f"sch_{school:04}"), []).append(reviewer.id)
    return wanting, pool, Conflicts(pool, declared, GROUNDS, TODAY)


@pytest.mark.parametrize(
    ("applications", "reviewers", "seconds"), [(250, 40, 2.0), pytest.param(6000, 500, 60.0)]
)
def test_loads_are_within_one_and_nobody_gets_a_conflict_in_the_time_promised(
    applications: int, reviewers: int, seconds: float
) -> None:
    wanting, pool, conflicts = town_of(applications, reviewers, 7)
    began = time.perf_counter()
    given_out = solve(task(wanting, pool, {}, conflicts))
    took = time.perf_counter() - began
    loads = Counter(reviewer for got in given_out.values() for reviewer in got)
    assert all(len(set(given_out[each.applying.application])) == 3 for each in wanting)
    assert max(loads.values()) - min(loads[reviewer.id] for reviewer in pool) <= 1
    for each in wanting:
        assert not set(given_out[each.applying.application]) & conflicts.of(each.applying).keys()
    assert took < seconds
    if applications < 1000:
        assert solve(task(wanting, pool, {}, conflicts)) == given_out


def quality(of: Task, given_out: Given) -> tuple[int, int, int]:
    """What an assignment is judged by, least first: units that found nobody, squares of loads, expertise."""
    loads = list(of.loads)
    expertise = found = 0
    place = {reviewer: number for number, reviewer in enumerate(of.reviewers)}
    for row, application in enumerate(of.applications):
        got = [place[reviewer] for reviewer in given_out.get(application, ())]
        assert len(set(got)) == len(got) <= of.wanted[row]
        assert not set(got) & of.barred[row]
        found += len(got)
        for reviewer in got:
            loads[reviewer] += 1
            expertise += of.fits[of.profiles[row]][reviewer]
    rooms = zip(loads, of.loads, of.rooms, strict=True)
    assert all(load - before <= room for load, before, room in rooms)
    return sum(of.wanted) - found, sum(load * load for load in loads), -expertise


def best(of: Task) -> tuple[int, int, int]:
    """The best of all assignments there are, by trying each."""
    choices = []
    for row, wanted in enumerate(of.wanted):
        free = [number for number in range(len(of.reviewers)) if number not in of.barred[row]]
        choices.append([c for n in range(wanted + 1) for c in combinations(free, n)])
    found = []
    for chosen in product(*choices):
        loads = list(of.loads)
        for reviewer in (r for each in chosen for r in each):
            loads[reviewer] += 1
        rooms = zip(loads, of.loads, of.rooms, strict=True)
        if all(load - before <= room for load, before, room in rooms):
            given_out = {
                application: tuple(of.reviewers[r] for r in each)
                for application, each in zip(of.applications, chosen, strict=True)
            }
            found.append(quality(of, given_out))
    return min(found)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    applications, reviewers = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    profiles = draw(st.integers(1, 3))
    return Task(
        applications=tuple(ApplicationId(f"a{n}") for n in range(applications)),
        reviewers=tuple(ReviewerId(f"r{n}") for n in range(reviewers)),
        wanted=tuple(draw(st.integers(0, 2)) for _ in range(applications)),
        barred=tuple(draw(st.frozensets(st.integers(0, reviewers - 1))) for _ in range(applications)),
        profiles=tuple(draw(st.integers(0, profiles - 1)) for _ in range(applications)),
        fits=tuple(tuple(draw(st.integers(0, 3)) for _ in range(reviewers)) for _ in range(profiles)),
        loads=tuple(draw(st.integers(0, 12)) for _ in range(reviewers)),
        rooms=tuple(draw(st.integers(0, 3)) for _ in range(reviewers)),
    )


@settings(max_examples=150)
@given(tasks())
def test_no_assignment_is_better_than_the_one_given(of: Task) -> None:
    assert quality(of, solve(of)) == best(of)


def test_what_stands_stays_and_who_is_gone_does_not_come_back() -> None:
    reviewers = [Reviewer(ReviewerId(f"rev_{name}")) for name in "abcd"]
    wanting = [
        Wanting(
            APPLYING,
            "documents",
            1,
            kept=frozenset({ReviewerId("rev_b")}),
            gone=frozenset({ReviewerId("rev_a")}),
        )
    ]
    loads = {ReviewerId("rev_b"): 1, ReviewerId("rev_c"): 2}
    nobody = Conflicts(reviewers, {}, GROUNDS, TODAY)
    assert solve(task(wanting, reviewers, loads, nobody)) == {"app_1": ("rev_d",)}


def test_shortages_say_why_nobody_else_can() -> None:
    reviewers = [
        Reviewer(ReviewerId("rev_a"), affiliations=(Affiliation(school=SCHOOL),)),
        Reviewer(ReviewerId("rev_b"), province="seoul"),
        Reviewer(ReviewerId("rev_c"), capacity=2),
        Reviewer(ReviewerId("rev_d"), available=False),
        Reviewer(ReviewerId("rev_e")),
        Reviewer(ReviewerId("rev_f")),
        Reviewer(ReviewerId("rev_g")),
    ]
    wanting = [Wanting(APPLYING, "documents", 3, gone=frozenset({ReviewerId("rev_e")}))]
    declared = Conflicts(reviewers, {SCHOOL: [ReviewerId("rev_f")]}, GROUNDS, TODAY)
    given_out = solve(task(wanting, reviewers, {ReviewerId("rev_c"): 2}, declared))
    assert given_out == {"app_1": ("rev_g",)}
    [short] = shortages(wanting, given_out, reviewers, declared)
    assert short.lacking == 2
    assert short.grounds == {
        "same_school": 1,
        "same_province": 1,
        "declared": 1,
        "at_capacity": 1,
        "unavailable": 1,
        "reviewed_before": 1,
    }
