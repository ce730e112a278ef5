"""Who meets at the companies' doors: classes with their students, and how far each of them has come."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from demo.cast import Company


@dataclass(slots=True)
class Class:
    """An employment class.

    Attributes:
        references: Its students' pseudonyms with the school's own code for each.
        seekers: Those who look for work; the others go on to study or find work by themselves.
        placed: Those at work, with their placement.
    """

    id: str
    school: str
    companies: tuple[str, ...]
    size: int
    references: dict[str, str] = field(default_factory=dict)
    seekers: list[str] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)

    @property
    def students(self) -> list[str]:
        return list(self.references)

    @property
    def waiting(self) -> list[str]:
        """Those who still look for work."""
        return [student for student in self.seekers if student not in self.placed]


@dataclass(slots=True)
class Market:
    """Everybody who meets there; the dice are those of the cast's seed."""

    dice: random.Random
    companies: dict[str, Company] = field(default_factory=dict)
    schools: list[str] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)

    def placements(self) -> Iterator[tuple[Class, str, str]]:
        """Class, student and placement of everybody at work."""
        for each in self.classes:
            for student, placement in each.placed.items():
                yield each, student, placement
