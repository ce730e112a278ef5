"""Open data against somebody who adds and subtracts: what is published, and what follows from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import highspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.domain import disclosure
from placement.domain.disclosure import SMALLEST, Atoms, Block, Leaf, blocks, provinces, safe, unions
from placement.domain.outcomes import Cell, Figures

EMPLOYMENT = disclosure.employment

heads = st.integers(0, 12)


@st.composite
def cohorts(draw: st.DrawFn) -> dict[Leaf, Figures]:
    """Up to sixteen groups in up to three provinces, most of them small."""
    cells: dict[Leaf, Figures] = {}
    for _ in range(draw(st.integers(1, 16))):
        province = draw(st.sampled_from(("seoul", "busan", "sejong")))
        school = f"{province}-{draw(st.integers(1, 3))}"
        cell = Cell(draw(st.sampled_from(("general", "work_study"))), draw(st.sampled_from("가나다")))
        employed, advanced, enlisted, excluded, other, not_graduated = (draw(heads) for _ in range(6))
        retained, lost = draw(heads), draw(heads)
        graduates = employed + advanced + enlisted + excluded + other
        parts = employed, advanced, enlisted, excluded
        counts = graduates + not_graduated, graduates, *parts, retained + lost, retained, 0, 0
        cells[Leaf(province, school, cell)] = Figures(*counts)
    return cells


def groups(cells: Iterable[Leaf]) -> set[frozenset[Leaf]]:
    """Everything somebody might want to know of: departments, tracks, schools, provinces, their meetings."""
    leaves = list(cells)
    found = {frozenset({leaf}) for leaf in leaves}
    for size in range(1, 5):
        for places in combinations(range(4), size):
            for leaf in leaves:
                named = [leaf.path[place] for place in places]
                found.add(
                    frozenset(each for each in leaves if [each.path[place] for place in places] == named)
                )
    return found


def reduced(rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Gaussian elimination: rows that span the same, each led by a one that stands alone."""
    left = [list(row) for row in rows]
    done: list[list[Fraction]] = []
    for column in range(len(rows[0]) if rows else 0):
        lead = next((row for row in left if row[column]), None)
        if lead is None:
            continue
        left.remove(lead)
        lead = [value / lead[column] for value in lead]
        left = [minus(row, lead, row[column]) for row in left]
        done = [minus(row, lead, row[column]) for row in done] + [lead]
    return done


def minus(row: Sequence[Fraction], other: Sequence[Fraction], times: Fraction) -> list[Fraction]:
    return [one - times * two for one, two in zip(row, other, strict=True)]


def worked_out(
    cells: Mapping[Leaf, Figures], shown: Iterable[Block], atoms: Atoms
) -> dict[frozenset[Leaf], tuple[int, ...]]:
    """The groups whose counts follow from what is shown by adding and subtracting, however cleverly."""
    leaves = sorted(cells)
    known = reduced([[Fraction(leaf in block.leaves) for leaf in leaves] for block in shown])
    found = {}
    for group in groups(leaves):
        wanted = [Fraction(leaf in group) for leaf in leaves]
        for row in known:
            lead = next(at for at, value in enumerate(row) if value)
            wanted = minus(wanted, row, wanted[lead])
        if not any(wanted):
            found[group] = atoms(sum((cells[leaf] for leaf in group), start=Figures()))
    return found


@given(cohorts())
@settings(max_examples=100)
def test_whatever_is_subtracted_from_open_data_no_small_count_comes_out(cells: dict[Leaf, Figures]) -> None:
    for atoms in (EMPLOYMENT, disclosure.retention_6):
        shown = blocks(cells, atoms)
        for counts in worked_out(cells, shown, atoms).values():
            assert safe(counts)


@given(cohorts())
@settings(max_examples=100)
def test_blocks_are_a_partition_of_everybody_or_nothing_is_told(cells: dict[Leaf, Figures]) -> None:
    shown = blocks(cells, EMPLOYMENT)
    everybody = sum(cells.values(), start=Figures())
    if shown:
        assert sorted(leaf for block in shown for leaf in block.leaves) == sorted(cells)
        assert sum((block.figures for block in shown), start=Figures()) == everybody
    else:
        assert not safe(EMPLOYMENT(everybody))


def naive(cells: Mapping[Leaf, Figures]) -> list[Block]:
    """What is often done: small groups are blanked, and the sums above them are shown all the same."""
    shown = []
    for group in groups(cells):
        figures = sum((cells[leaf] for leaf in group), start=Figures())
        if safe(EMPLOYMENT(figures)):
            shown.append(Block(tuple(sorted(group)), figures))
    return shown


def test_the_attack_finds_what_blanking_small_cells_alone_gives_away() -> None:
    large = Figures(graduates=40, employed=20, advanced=10)
    small = Figures(graduates=30, employed=2, advanced=20)
    cells = {
        Leaf("seoul", "one", Cell("general", "가")): large,
        Leaf("seoul", "two", Cell("general", "가")): small,
    }
    found = worked_out(cells, naive(cells), EMPLOYMENT)
    assert any(not safe(counts) for counts in found.values())
    assert all(safe(counts) for counts in worked_out(cells, blocks(cells, EMPLOYMENT), EMPLOYMENT).values())


def test_the_smallest_others_are_taken_into_what_is_too_small_alone() -> None:
    sizes = {"one": 60, "two": 12, "three": 2}
    cells = {
        Leaf("seoul", school, Cell("general", "가")): Figures(graduates=size, employed=size)
        for school, size in sizes.items()
    }
    shown = {tuple(leaf.school for leaf in block.leaves) for block in blocks(cells, EMPLOYMENT)}
    assert shown == {("one",), ("three", "two")}
    [alone, together] = sorted(blocks(cells, EMPLOYMENT), key=Block.schools)
    assert alone.names() == ("seoul", "one", "general", "가")
    assert together.names() == ("seoul", None, "general", "가")


@pytest.mark.parametrize("count", range(1, SMALLEST))
def test_who_is_all_there_is_and_too_few_is_not_told_of(count: int) -> None:
    cells = {Leaf("jeju", "one", Cell("general", "가")): Figures(graduates=count, employed=count)}
    assert blocks(cells, EMPLOYMENT) == []
    assert list(disclosure.published(cells)) == []
    assert provinces(cells) == []


def test_nobody_at_all_is_nothing_to_hide_and_nothing_to_tell() -> None:
    assert list(disclosure.published({})) == []
    assert provinces({}) == []


@given(cohorts())
@settings(max_examples=40)
def test_what_provinces_tell_beside_schools_pins_no_small_count_down(cells: dict[Leaf, Figures]) -> None:
    """Somebody who knows all that is published asks how few, and how many, were enlisted in each block."""
    parts = blocks(cells, EMPLOYMENT)
    shown = unions(parts)
    for union in shown:
        assert safe(disclosure.detail(union.figures))
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
