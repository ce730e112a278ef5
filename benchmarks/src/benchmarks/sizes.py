"""How much of everything is measured; the targets speak of the full sizes."""

from dataclasses import dataclass, fields
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts of rows, events, applicants, students, openings; and how often each pair is run.

    `peer` sizes are of the slower way, of which less is enough to know its rate.
    """

    rounds: int = 5
    relay_rows: int = 100_000
    relay_peer_rows: int = 2_000
    inbox_events: int = 5_000
    inbox_set_events: int = 20_000
    inbox_peer_events: int = 1_000
    inbox_keys: int = 2_000
    applicants: int = 6_000
    many_applicants: int = 1_000_000
    students: int = 6_000
    openings: int = 2_000
    many_students: int = 1_000_000
    many_openings: int = 300_000

    @property
    def are_full(self) -> bool:
        """Whether targets speak of these, however often each pair is run."""
        return self.but({"rounds": FULL.rounds}) == FULL

    def but(self, changes: dict[str, int]) -> Self:
        """These sizes with some changed.

        Raises:
            ValueError: there is no size of that name, or a number is not positive.
        """
        known = {field.name for field in fields(self)}
        for name, number in changes.items():
            if name not in known:
                raise ValueError(f"{name}: there is no such size, there are {', '.join(sorted(known))}")
            if number < 1:
                raise ValueError(f"{name}: must be at least 1, it is {number}")
        return type(self)(**{name: changes.get(name, getattr(self, name)) for name in known})


FULL: Final = Sizes()
SHORT: Final = Sizes(
    rounds=1,
    relay_rows=4_000,
    relay_peer_rows=200,
    inbox_events=500,
    inbox_set_events=2_000,
    inbox_peer_events=100,
    inbox_keys=200,
    applicants=1_000,
    many_applicants=20_000,
    students=600,
    openings=200,
    many_students=20_000,
    many_openings=6_000,
)
