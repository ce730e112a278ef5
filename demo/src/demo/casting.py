"""Everybody is chosen and invented from a seed: the same people for the same seed."""

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal

from contracts import values
from demo import facts
from demo.cast import WHOLE, Applicant, Cast, Company, Conduct, Outcomes, Participant, Reviewer, Size

_STEMS: Final = (
    ("가온", "Gaon"),
    ("누리", "Nuri"),
    ("다온", "Daon"),
    ("라온", "Raon"),
    ("마루", "Maru"),
    ("바른", "Bareun"),
    ("새롬", "Saerom"),
    ("슬기", "Seulgi"),
    ("아라", "Ara"),
    ("여울", "Yeoul"),
    ("온새", "Onsae"),
    ("한울", "Hanul"),
)
_INDUSTRIES: Final = (
    ("machinery", "정밀", "Precision"),
    ("electronics", "전자", "Electronics"),
    ("software", "소프트", "Software"),
    ("food", "식품", "Foods"),
    ("design", "디자인", "Design"),
)
_NO_TAX_OFFICE: Final = "999"
_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)

_REGIONAL: Final = ("regional_key_industry", "work_study")
_OUTLIERS: Final = {3: Decimal(-15), 4: Decimal(12)}
"""By number: a reviewer far more severe than the others, and one far more lenient."""
_ENGLISH: Final = 0.06
"""Share of parties who wish to be written to in English."""


def cast(seed: int, size: Size = WHOLE) -> Cast:
    """Everybody who plays the year of `size`; the same `seed` gives the same people."""
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    schools = _schools(dice, size.schools)
    participants = _participants(dice, schools, size.participants)
    return Cast(
        seed=seed,
        size=size,
        schools=schools,
        participants=participants,
        applicants=_applicants(dice, schools, participants, size),
        reviewers=_reviewers(dice, size.reviewers),
        companies=_companies(dice, size.companies),
    )


def _schools(dice: random.Random, count: int) -> tuple[facts.School, ...]:
    every = facts.schools()
    chosen = set(dice.sample(range(len(every)), count)) if count < len(every) else set(range(len(every)))
    return tuple(school for number, school in enumerate(every) if number in chosen)


def _participants(
    dice: random.Random, schools: Sequence[facts.School], count: int
) -> tuple[Participant, ...]:
    possible = [school for school in schools if school.graduates]
    return tuple(
        Participant(school, _held(dice)) for school in sorted(dice.sample(possible, count), key=schools.index)
    )


def _held(dice: random.Random) -> tuple[str, ...]:
    chance = dice.random()
    if chance < 0.03:  # noqa: PLR2004 - five regional schools of 173
        return (dice.choice(_REGIONAL),)
    return ("new_technology",) if chance < 0.14 else ()  # noqa: PLR2004 - twenty of 173


def _outcomes(dice: random.Random, school: facts.School) -> Outcomes:
    graduates, employed = school.graduates or 0, school.employed or 0
    advanced = min(school.advanced or 0, graduates - employed)
    left = graduates - employed - advanced
    enlisted = min(left, round(graduates * dice.uniform(0.0, 0.04)))
    excluded = min(left - enlisted, round(graduates * dice.uniform(0.0, 0.02)))
    return Outcomes(
        graduates=graduates,
        employed=employed,
        advanced=advanced,
        enlisted=enlisted,
        excluded=excluded,
        retained=round(employed * dice.uniform(0.5, 0.9)),
    )


def _applicants(
    dice: random.Random, schools: Sequence[facts.School], participants: Iterable[Participant], size: Size
) -> tuple[Applicant, ...]:
    took_part = [participant.school for participant in participants]
    others = [school for school in schools if school not in set(took_part)]
    continuing = dice.sample(took_part, size.continuing)
    new = dice.sample(others, size.new)
    conducts = _conducts(dice, size)
    applicants = [
        _applicant(dice, school, "continuing" if number < len(continuing) else "new", conduct)
        for number, (school, conduct) in enumerate(zip([*continuing, *new], conducts, strict=True))
    ]
    return tuple(applicants)


def _conducts(dice: random.Random, size: Size) -> list[Conduct]:
    """How each applicant goes about it, continuing schools first; a pretender is a school that is new."""
    continuing: list[Conduct] = ["withdraws_late", "extended", "late", "mends", "amends"]
    new: list[Conduct] = ["pretends", "late", "gives_up", "withdraws", "mends", "amends"]
    continuing += _some(size.continuing // 40, ("amends", "amends", "mends", "withdraws"))
    new += _some(size.new // 40, ("amends", "mends", "late", "gives_up"))
    continuing += ["plain"] * (size.continuing - len(continuing))
    new += ["plain"] * (size.new - len(new))
    dice.shuffle(continuing)
    dice.shuffle(new)
    return [*continuing, *new]


def _some(times: int, conducts: tuple[Conduct, ...]) -> list[Conduct]:
    return [conduct for conduct in conducts for _ in range(times)]


def _applicant(
    dice: random.Random, school: facts.School, kind: Literal["continuing", "new"], conduct: Conduct
) -> Applicant:
    tracks = _wishes(dice, school)
    quality = min(max(dice.gauss(74 if kind == "continuing" else 67, 8), 35), 97)
    return Applicant(
        school=school,
        kind="continuing" if conduct == "pretends" else kind,
        tracks=tracks,
        accepts_general=not tracks or dice.random() < 0.9,  # noqa: PLR2004 - one in ten wants its track or nothing
        planned_students=dice.randint(12, 60),
        partner_companies=dice.randint(3, 25),
        outcomes=_outcomes(dice, school),
        quality=Decimal(round(quality * 10)) / 10,
        conduct=conduct,
        slip=dice.choice(("document", "figure", "wish")),
        language="en" if dice.random() < _ENGLISH else "ko",
    )


def _wishes(dice: random.Random, school: facts.School) -> tuple[str, ...]:
    wishes = []
    if dice.random() < (0.35 if school.stream in {"industrial", "commercial"} else 0.1):
        wishes.append("new_technology")
    if dice.random() < 0.12:  # noqa: PLR2004 - few ask for a regional track
        wishes.append(dice.choice(_REGIONAL))
    dice.shuffle(wishes)
    return tuple(wishes)


def _reviewers(dice: random.Random, count: int) -> tuple[Reviewer, ...]:
    provinces = list(values.PROVINCES)
    return tuple(
        Reviewer(
            sub=f"rev_simulated-{number:03}",
            severity=_OUTLIERS.get(number, Decimal(dice.randint(-40, 40)) / 10),
            province=provinces[number % len(provinces)],
            language="en" if dice.random() < _ENGLISH else "ko",
        )
        for number in range(1, count + 1)
    )


def _companies(dice: random.Random, count: int) -> tuple[Company, ...]:
    provinces = [school.province for school in facts.schools()]
    names = [(stem, industry) for industry in _INDUSTRIES for stem in _STEMS]
    return tuple(
        Company(
            registration_number=_number(serial),
            name_ko=f"모의 {stem[0]}{industry[1]}",
            name_en=f"Simulated {stem[1]} {industry[2]}",
            province=dice.choice(provinces),
            industry=industry[0],
            employees=dice.randint(8, 180),
            language="en" if dice.random() < _ENGLISH else "ko",
        )
        for serial, (stem, industry) in enumerate(dice.sample(names, count), start=1)
    )


def _number(serial: int) -> str:
    """A business registration number whose check digit holds, of a tax office that there is not."""
    nine = f"{_NO_TAX_OFFICE}99{serial:04}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, nine, strict=True))
    return f"{nine}{-(total + int(nine[8]) * _WEIGHTS[8] // 10) % 10}"
