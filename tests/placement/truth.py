"""Whether all that a round tells is true: checked on its documents alone, by what the words mean.

Nothing of the service is used: not its rule, not its order of students, not its way of finding reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

Strikes = Mapping[tuple[str, str], str]
"""By student and opening on its list: why no matching could bring them together."""


@dataclass(frozen=True)
class Truth:
    """A round as it was.

    `snapshot` and `result` are its documents, `lists` what the students had asked for, the openings that were
    struck from their lists included.
    """

    snapshot: Mapping[str, Any]
    result: Mapping[str, Any]
    lists: Mapping[str, Sequence[str]]
    strikes: Strikes = field(default_factory=dict)

    @cached_property
    def pairs(self) -> dict[str, str]:
        return {pair["student"]: pair["opening"] for pair in self.result["pairs"]}

    @cached_property
    def considered(self) -> dict[str, list[str]]:
        return {student["id"]: student["preferences"] for student in self.snapshot["students"]}

    @cached_property
    def capacity(self) -> dict[str, int]:
        return {opening["id"]: opening["capacity"] for opening in self.snapshot["openings"]}

    @cached_property
    def scores(self) -> dict[str, dict[str, Decimal]]:
        return {
            opening["id"]: {student: Decimal(score) for student, score in opening["scores"].items()}
            for opening in self.snapshot["openings"]
            if "scores" in opening
        }

    @cached_property
    def order(self) -> dict[str, list[str]]:
        """Each opening's students, best first."""
        return {
            opening["id"]: opening["ranking"] if "ranking" in opening else self._by_scores(opening["id"])
            for opening in self.snapshot["openings"]
        }

    @cached_property
    def holders(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {opening: [] for opening in self.capacity}
        for student, opening in self.pairs.items():
            found[opening].append(student)
        return found

    def _by_scores(self, opening: str) -> list[str]:
        seed, scores = self.snapshot["lot_seed"], self.scores[opening]
        lots = {student: sha256(f"{seed}:{student}".encode()).hexdigest() for student in scores}
        return sorted(scores, key=lambda student: (-scores[student], lots[student]))

    def rank(self, opening: str, student: str) -> int:
        return self.order[opening].index(student) + 1

    def check(self, told: Mapping[str, Any]) -> None:
        """Raise AssertionError at the first thing told that is not so, or not told."""
        self.check_lists()
        self.check_stable()
        assert set(told) == set(self.considered) | set(self.capacity), "somebody is told nothing"
        for student in self.considered:
            self.check_student(student, told[student])
        for opening in self.capacity:
            self.check_opening(opening, told[opening])

    def check_lists(self) -> None:
        """What was decided over is what was asked for, without what could not be had."""
        assert self.considered.keys() == self.lists.keys()
        for student, wishes in self.lists.items():
            left = [wish for wish in wishes if (student, wish) not in self.strikes]
            assert self.considered[student] == left, student

    def check_stable(self) -> None:
        """Both sides list each other, places suffice, and no two would rather have each other."""
        for opening, holders in self.holders.items():
            assert len(holders) <= self.capacity[opening]
            assert set(holders) <= set(self.order[opening])
        assert set(self.result["unmatched"]) == self.considered.keys() - self.pairs.keys()
        for student, wishes in self.considered.items():
            got = self.pairs.get(student)
            assert got is None or got in wishes
            for wish in wishes if got is None else wishes[: wishes.index(got)]:
                if student in self.order.get(wish, ()):
                    self.assert_taken(wish, student)

    def assert_taken(self, opening: str, student: str) -> None:
        """Every place of an opening went to a student whom it ranks higher."""
        holders = self.holders[opening]
        assert len(holders) == self.capacity[opening], (student, opening)
        assert all(self.rank(opening, other) < self.rank(opening, student) for other in holders)

    def check_student(self, student: str, told: Mapping[str, Any]) -> None:
        wishes, got = self.lists[student], self.pairs.get(student)
        assert (told["student"], told["opening"]) == (student, got)
        assert told["choice"] == (None if got is None else wishes.index(got) + 1)
        better = wishes if got is None else wishes[: wishes.index(got)]
        assert [missed["opening"] for missed in told["missed"]] == list(better), student
        for missed in told["missed"]:
            self.check_missed(student, missed)

    def check_missed(self, student: str, missed: Mapping[str, Any]) -> None:
        opening, reason = missed["opening"], missed["reason"]
        facts = (missed["places"], missed["own_rank"], missed["last_rank"], missed["by_lot"])
        struck = self.strikes.get((student, opening))
        if struck is not None:
            assert (reason, *facts) == (struck, None, None, None, False), (student, missed)
        elif opening not in self.capacity:
            assert (reason, *facts) == ("not_in_round", None, None, None, False), (student, missed)
        else:
            places = self.capacity[opening]
            if student not in self.order[opening]:
                expected: tuple[Any, ...] = ("not_ranked_by_company", places, None, None, False)
            elif places == 0:
                expected = ("no_places", 0, self.rank(opening, student), None, False)
            else:
                self.assert_taken(opening, student)
                last = max(self.holders[opening], key=self.order[opening].index)
                ranks = self.rank(opening, student), self.rank(opening, last)
                expected = "higher_ranked_took_places", places, *ranks, self.tied(opening, student)
            assert (reason, *facts) == expected, (student, missed)

    def tied(self, opening: str, student: str) -> bool:
        """Whether the lot alone put a student behind the last one in."""
        scores = self.scores.get(opening)
        last = max(self.holders[opening], key=self.order[opening].index)
        return scores is not None and scores[last] == scores[student]

    def check_opening(self, opening: str, told: Mapping[str, Any]) -> None:
        assert (told["opening"], told["capacity"]) == (opening, self.capacity[opening])
        ranked = self.order[opening]
        others = sorted(
            student for student, wishes in self.lists.items() if opening in wishes and student not in ranked
        )
        assert sorted(student for student, _ in told["standings"][len(ranked) :]) == others
        assert [student for student, _ in told["standings"][: len(ranked)]] == ranked
        for student, standing in told["standings"]:
            assert standing == self.standing(opening, student), (opening, student, standing)

    def standing(self, opening: str, student: str) -> str:
        """What became of a student, from the documents alone."""
        if student not in self.lists:
            return "not_in_round"
        if opening not in self.lists[student]:
            return "did_not_list"
        if (student, opening) in self.strikes:
            return self.strikes[student, opening]
        if student not in self.order[opening]:
            return "not_ranked"
        return self.outcome(opening, student)

    def outcome(self, opening: str, student: str) -> str:
        """What became of a student where both sides listed each other."""
        wishes, got = self.lists[student], self.pairs.get(student)
        if got == opening:
            return "offered"
        if got is not None and wishes.index(got) < wishes.index(opening):
            return "took_one_liked_better"
        if self.capacity[opening] == 0:
            return "no_places"
        self.assert_taken(opening, student)
        return "lot_decided" if self.tied(opening, student) else "higher_ranked_took_places"
