"""Open data against somebody who adds and subtracts: what is published, and what follows from it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import highspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.placement.attack import WORLDS, Cohort, Kind, Work, closed, given_away, tables

from placement.domain.blocks import SMALLEST, Block, Leaf, by_province, on_another_day, safe, together
from placement.domain.disclosure import MEASURES, Told, detail, guarded, provinces, published, told
from placement.domain.outcomes import Cell, Figures

EMPLOYMENT, RETENTION_6, RETENTION_12 = MEASURES

heads = st.integers(0, 12)


def employment_blocks(cells: Mapping[Leaf, Figures]) -> list[Block]:
    return [block for each in told([cells]) if each.measure is EMPLOYMENT for block in each.blocks]


def shown(block: Block) -> tuple[int, ...]:
    return guarded(EMPLOYMENT, 0, (), block)


@st.composite
def leaves(draw: st.DrawFn, provinces: int = 3) -> Leaf:
    province = draw(st.sampled_from(("seoul", "busan", "sejong")[:provinces]))
    school = f"{province}-{draw(st.integers(1, 3))}"
    return Leaf(
        province,
        school,
        Cell(draw(st.sampled_from(("general", "work_study"))), draw(st.sampled_from("가나다"))),
    )


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    employed, advanced, enlisted, excluded, other, not_graduated = (draw(heads) for _ in range(6))
    lasted, left_late, left_early = (draw(heads) for _ in range(3))
    graduates = employed + advanced + enlisted + excluded + other
    parts = employed, advanced, enlisted, excluded
    due = lasted + left_late + left_early
    return Figures(graduates + not_graduated, graduates, *parts, due, lasted + left_late, due, lasted)


cohorts = st.dictionaries(leaves(), figures(), min_size=1, max_size=16)
"""Up to sixteen groups in up to three provinces, most of them small."""


def people(kinds: Sequence[Kind]) -> st.SearchStrategy[Cohort]:
    """Groups by what became of everybody in them."""
    group = st.dictionaries(st.sampled_from(kinds), st.integers(1, 14), min_size=1, max_size=6)
    return st.dictionaries(leaves(provinces=2), group.map(Counter), min_size=1, max_size=7)


@pytest.mark.parametrize("world", WORLDS)
@given(st.data(), st.sampled_from(((0,), (0, 3), (0, 6), (0, 12))))
@settings(max_examples=15)
def test_whatever_is_subtracted_of_all_that_is_published_nobody_comes_out(
    world: str, data: st.DataObject, days: Sequence[int]
) -> None:
    """Of all measures and both levels of detail, on one closed day or on two."""
    kinds = WORLDS[world]
    cohort = data.draw(people(kinds))
    cells = closed(cohort, days)
    everything = tables(told(cells), provinces(cells[:1]))
    assert safe(given_away(cohort, everything, kinds, days))


def alone(cells: Mapping[Leaf, Figures], day: int = 0) -> list[Told]:
    """Each measure in blocks that are safe by themselves, as if nothing else were told of the same people."""
    units = on_another_day((), cells, 0)
    parts = [(each, together(units, partial(guarded, each, 0, ()))) for each in MEASURES]
    return [
        Told(each, day, tuple(Block(block.leaves, (Figures(),) * day + block.days) for block in blocks))
        for each, blocks in parts
    ]


def one_group(*people: tuple[Kind, int]) -> Cohort:
    return {Leaf("seoul", "one", Cell("general", "가")): Counter(dict(people))}


def test_the_attack_finds_who_left_between_six_and_twelve_months_where_measures_are_safe_alone() -> None:
    """Twelve were due, seven had lasted six months and six of them twelve: one left in between."""
    cohort = one_group(
        (Kind("employed", Work(13, 15)), 6),
        (Kind("employed", Work(13, 9)), 1),
        (Kind("other", Work(13, 3)), 5),
    )
    kinds = WORLDS["anything"]
    cells = closed(cohort, [0])
    assert not safe(given_away(cohort, tables(alone(cells[0]), ()), kinds, [0]))
    everything = told(cells)
    assert [each.measure.name for each in everything] == ["employment", "retention_6"]
    assert safe(given_away(cohort, tables(everything, provinces(cells)), kinds, [0]))


def test_the_attack_finds_who_left_between_two_days_that_are_safe_alone() -> None:
    """The same two figures, one of them told half a year later."""
    cohort = one_group(
        (Kind("employed", Work(7, 15)), 6), (Kind("employed", Work(7, 9)), 1), (Kind("other", Work(7, 3)), 5)
    )
    kinds, days = WORLDS["anything"], (0, 6)
    cells = closed(cohort, days)
    both = [*alone(cells[0]), *alone(cells[1], day=1)]
    assert not safe(given_away(cohort, tables(both, ()), kinds, days))
    assert [(each.day, each.measure.name) for each in told(cells)] == [
        (0, "employment"),
        (0, "retention_6"),
        (1, "retention_6"),
    ]


def test_the_attack_finds_what_blanking_small_cells_alone_gives_away() -> None:
    """What is often done: small groups are blanked, and the sums above them are shown all the same."""
    cohort: Cohort = {
        Leaf("seoul", "one", Cell("general", "가")): Counter(
            {Kind("employed", None): 20, Kind("other", None): 10}
        ),
        Leaf("seoul", "two", Cell("general", "가")): Counter(
            {Kind("employed", None): 2, Kind("other", None): 8}
        ),
    }
    kinds = WORLDS["anything"]
    [cells] = closed(cohort, [0])
    blanked = [
        Block(tuple(sorted(group)), (sum((cells[leaf] for leaf in group), start=Figures()),))
        for group in ({one} for one in cells)
    ] + [Block(tuple(sorted(cells)), (sum(cells.values(), start=Figures()),))]
    naive = Told(EMPLOYMENT, 0, tuple(block for block in blanked if safe(shown(block))))
    assert not safe(given_away(cohort, tables([naive], ()), kinds, [0]))
    assert safe(given_away(cohort, tables(told([cells]), ()), kinds, [0]))


@given(cohorts)
@settings(max_examples=100)
def test_blocks_are_a_partition_of_everybody_or_nothing_is_told(cells: dict[Leaf, Figures]) -> None:
    everybody = sum(cells.values(), start=Figures())
    blocks = employment_blocks(cells)
    if blocks:
        assert sorted(leaf for block in blocks for leaf in block.leaves) == sorted(cells)
        assert sum((block.figures for block in blocks), start=Figures()) == everybody
    else:
        counts = shown(Block(tuple(cells), (everybody,)))
        assert not safe(counts) or not any(counts)


@given(st.lists(cohorts, min_size=2, max_size=3))
@settings(max_examples=50)
def test_what_was_told_of_a_day_stays_and_later_tables_are_unions_of_its_blocks(
    days: list[dict[Leaf, Figures]],
) -> None:
    everything = told(days)
    for closed_days in range(1, len(days)):
        before = told(days[:closed_days])
        assert [(each.day, each.measure) for each in before] == [
            (each.day, each.measure) for each in everything if each.day < closed_days
        ]
        for one, two in zip(before, everything, strict=False):
            assert [block.leaves for block in one.blocks] == [block.leaves for block in two.blocks]
    for finer, coarser in pairwise(everything):
        whole = [set(block.leaves) for block in coarser.blocks]
        assert all(any(set(block.leaves) <= each for each in whole) for block in finer.blocks)
    assert all(each.day == 0 for each in everything if each.measure is EMPLOYMENT)


def test_the_smallest_others_are_taken_into_what_is_too_small_alone() -> None:
    sizes = {"one": 60, "two": 12, "three": 2}
    cells = {
        Leaf("seoul", school, Cell("general", "가")): Figures(size, graduates=size, employed=size)
        for school, size in sizes.items()
    }
    blocks = employment_blocks(cells)
    assert {tuple(leaf.school for leaf in block.leaves) for block in blocks} == {("one",), ("three", "two")}
    [alone, together] = sorted(blocks, key=Block.schools)
    assert alone.names() == ("seoul", "one", "general", "가")
    assert together.names() == ("seoul", None, "general", "가")


@pytest.mark.parametrize("count", range(1, SMALLEST))
def test_who_is_all_there_is_and_too_few_is_not_told_of(count: int) -> None:
    cells = {Leaf("jeju", "one", Cell("general", "가")): Figures(count, graduates=count, employed=count)}
    assert told([cells]) == []
    assert list(published([cells])) == []
    assert provinces([cells]) == []


def test_nobody_at_all_is_nothing_to_hide_and_nothing_to_tell() -> None:
    days: list[dict[Leaf, Figures]] = []
    for _ in range(3):
        assert list(published(days)) == []
        assert provinces(days) == []
        days.append({})


@given(cohorts)
@settings(max_examples=40)
def test_what_provinces_tell_beside_schools_pins_no_small_count_down(cells: dict[Leaf, Figures]) -> None:
    """Somebody who knows all that is published asks how few, and how many, were enlisted in each block."""
    parts = employment_blocks(cells)
    unions = provinces([cells])
    assert unions == by_province(parts, detail)
    for union in unions:
        assert safe(detail(union))
        inside = [part for part in parts if set(part.leaves) <= set(union.leaves)]
        assert sum((part.figures for part in inside), start=Figures()) == union.figures
        for low, high in bounds(inside, union):
            assert (low == high and safe([low])) or high - low >= SMALLEST


def bounds(inside: Sequence[Block], union: Block) -> Iterator[tuple[int, int]]:
    """Least and most who may be left out of each block for each reason, by integer programs."""
    program: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it untyped
    program.silent()
    share = [[program.addIntegral(lb=0, ub=part.figures.outside) for _ in range(3)] for part in inside]
    for part, row in zip(inside, share, strict=True):
        program.addConstr(sum(row) == part.figures.outside)
    whole = union.figures
    for place, count in enumerate((whole.advanced, whole.enlisted, whole.excluded)):
        program.addConstr(sum(row[place] for row in share) == count)
    for left_out in (each for row in share for each in row):
        yield (
            extreme(program, left_out, highspy.ObjSense.kMinimize),
            extreme(program, left_out, highspy.ObjSense.kMaximize),
        )


def extreme(program: Any, wanted: Any, sense: highspy.ObjSense) -> int:
    program.setObjective(wanted, sense)
    program.run()
    assert program.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value: float = program.getInfo().objective_function_value
    return round(value)
