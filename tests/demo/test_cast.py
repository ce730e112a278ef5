from collections import Counter
from dataclasses import asdict
from typing import get_args

import pytest

from demo.cast import SMALL, WHOLE, Conduct, Size, address
from demo.casting import cast


def test_the_same_seed_gives_the_same_cast_and_another_gives_another() -> None:
    assert cast(7, SMALL) == cast(7, SMALL)
    assert cast(7, SMALL).applicants != cast(8, SMALL).applicants


@pytest.mark.parametrize("size", [WHOLE, SMALL], ids=["whole", "small"])
@pytest.mark.parametrize("seed", range(5))
def test_the_cast_has_the_size_that_was_asked_for(size: Size, seed: int) -> None:
    made = cast(seed, size)
    assert len(made.schools) == size.schools
    assert len(made.participants) == size.participants
    assert len(made.applicants) == size.continuing + size.new
    assert len({applicant.school.register_key for applicant in made.applicants}) == len(made.applicants)
    assert len({company.registration_number for company in made.companies}) == size.companies
    assert size.classes <= size.seats


@pytest.mark.parametrize("size", [WHOLE, SMALL], ids=["whole", "small"])
def test_every_way_to_apply_is_played(size: Size) -> None:
    conducts = Counter(applicant.conduct for applicant in cast(2025, size).applicants)
    assert set(conducts) == set(get_args(Conduct))


def test_only_participants_of_last_year_apply_as_continuing_but_for_the_pretender() -> None:
    made = cast(2025)
    took_part = {participant.school for participant in made.participants}
    for applicant in made.applicants:
        entitled = applicant.school in took_part
        assert (applicant.kind == "continuing") == (entitled or applicant.conduct == "pretends")


def test_outcomes_add_up() -> None:
    for applicant in cast(2025).applicants:
        counts = asdict(applicant.outcomes)
        parts = counts["employed"] + counts["advanced"] + counts["enlisted"] + counts["excluded"]
        assert 0 <= parts <= counts["graduates"]
        assert counts["retained"] <= counts["employed"]


def test_invented_companies_say_so_and_bear_numbers_of_no_tax_office() -> None:
    for company in cast(2025).companies:
        assert company.name_ko.startswith("모의 ")
        assert company.name_en.startswith("Simulated ")
        assert company.registration_number.startswith("999")
        assert len(company.registration_number) == 10


def test_addresses_exist_nowhere() -> None:
    assert address("stu_0194f0").endswith(".invalid")
