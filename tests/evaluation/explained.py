"""Reads what schools were told off the stored documents, and holds each word of it against the run.

It knows the JSON of snapshot, result and facts, what is on record of applications and offers, the rule as its
text says it, and nothing of the code that decides or explains.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from itertools import combinations
from typing import Any

from tests.evaluation.raw import lines

Facts = Mapping[str, Any]
Designations = tuple[str, ...]


@dataclass
class Recorded:
    """What is on record after a promotion: applications and holdings by school, all offers, closures."""

    applications: Mapping[str, Mapping[str, Any]]
    held: Mapping[str, Sequence[str]]
    offers: Sequence[Mapping[str, Any]]
    closed: Collection[str] = ()

    def offered(self, school: str) -> Sequence[str] | None:
        """All that a school would hold by the offer that it has still to answer."""
        pending = (each for each in self.offers if each["state"] == "pending" and each["school"] == school)
        return next((list(each["designations"]) for each in pending), None)

    def refused(self, school: str) -> dict[Designations, str]:
        """Wishes by how the offer of them ended, where the school did not take it."""
        ended: dict[Designations, str] = {}
        for offer in self.offers:
            if offer["school"] == school and offer["state"] in ("declined", "expired"):
                added: list[Designations] = [(track,) for track in offer["added"]]
                ended |= dict.fromkeys(added or [()], offer["state"])
        return ended

    def theirs(self, school: str) -> set[str]:
        """The designations that a school holds or is offered."""
        return {*self.held.get(school, ()), *(self.offered(school) or ())}


@dataclass
class Run:
    """A run as its documents say it; `scorings` are those that its totals come from, the newest first.

    Beside a promotion stands what is on `record`.
    """

    snapshot: Mapping[str, Any]
    result: Mapping[str, Any]
    scorings: Sequence[Mapping[str, Any]] = ()
    record: Recorded | None = None
    schools: dict[str, Mapping[str, Any]] = field(init=False)
    awards: dict[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.schools = {each["id"]: each for each in self.snapshot["applicants"]}
        self.awards = {each["id"]: each for each in self.result["awards"]}

    @property
    def policy(self) -> Mapping[str, Any]:
        policy: Mapping[str, Any] = self.snapshot["policy"]
        return policy

    @property
    def holders(self) -> Mapping[str, Sequence[str]]:
        holders: Mapping[str, Sequence[str]] = self.snapshot.get("holders", {})
        return holders

    def group(self, track: str) -> str:
        return next(str(q["name"]) for q in self.policy["quotas"] if track in q["tracks"])

    def at_most(self, group: str) -> int:
        return next(int(q["at_most"]) for q in self.policy["quotas"] if q["name"] == group)

    def wishes(self, school: str, held: Sequence[str] = ()) -> list[Designations]:
        """Awards from the best liked on; those that keep what is held."""
        of = self.schools[school]
        found = [
            chosen
            for size in range(self.policy["designations_per_school"], 0, -1)
            for chosen in combinations(of["tracks"], size)
            if len({self.group(track) for track in chosen}) == size
        ]
        found += [()] if of["accepts_general"] else []
        return [each for each in found if set(held) <= set(each)]

    def ranked(self) -> list[str]:
        """Those who passed, by the order that the rule's text gives."""
        policy, standing = self.policy, [s for s in self.schools.values() if self.passes(s)]

        def place(school: Mapping[str, Any]) -> tuple[Any, ...]:
            pool = next(n for n, kinds in enumerate(policy["pools"]) if school["kind"] in kinds)
            merits = [school["score"], *(school["criteria"][name] for name in policy["tie_breaks"])]
            lot = sha256(f"{policy['lot_seed']}:{school['id']}".encode()).hexdigest()
            return pool, [-Decimal(merit) for merit in merits], lot

        return [school["id"] for school in sorted(standing, key=place)]

    def passes(self, school: Mapping[str, Any]) -> bool:
        return Decimal(school["score"]) >= Decimal(self.policy["cut_line"]) and not school.get("barred")


def untrue(run: Run, school: str, facts: Facts) -> Iterator[str]:
    """What the facts told to a school say that the run does not; that a guarantee needed it is held apart."""
    told, award = run.schools[school], run.awards[school]
    for name in ("rank", "outcome", "designations", "reserve"):
        if facts[name] != award[name]:
            yield f"{name}: {facts[name]}, the result says {award[name]}"
    if Decimal(facts["score"]) != Decimal(told["score"]):
        yield f"score: {facts['score']}, the snapshot says {told['score']}"
    if {n: Decimal(v) for n, v in facts["parts"].items()} != {
        n: Decimal(v) for n, v in told["criteria"].items()
    }:
        yield f"parts: {facts['parts']}, the snapshot says {told['criteria']}"
    yield from _standing(run, school, facts)
    if facts["rank"] is None:
        yield from _shortfalls(run, school, facts)
    else:
        yield from _missed(run, school, facts)


def _standing(run: Run, school: str, facts: Facts) -> Iterator[str]:
    """What was asked and is struck, what is held and what is offered."""
    told, record = run.schools[school], run.record
    applied = told if record is None else record.applications[school]
    if facts["asked"] != {name: applied[name] for name in ("tracks", "accepts_general")}:
        yield f"asked: {facts['asked']}, it applied for {applied}"
    refused = {} if record is None else record.refused(school)
    asked = [(track,) for track in applied["tracks"]] + [()] * applied["accepts_general"]
    left = [(track,) for track in told["tracks"]] + [()] * told["accepts_general"]
    expected = [(wish, refused.get(wish, "school_closed")) for wish in asked if wish not in left]
    if [(tuple(each["award"]), each["by"]) for each in facts["struck"]] != expected:
        yield f"struck: {facts['struck']}, on record are {expected}"
    if not {wish for wish in asked if wish in refused} <= {wish for wish, _ in expected}:
        yield f"asked: it was decided with wishes that are struck: {refused}"
    if "school_closed" in dict(expected).values() and (record is None or school not in record.closed):
        yield f"struck: {expected}, and the school is not closed"
    held = None if record is None else record.held.get(school)
    offered = None if record is None else record.offered(school)
    if (facts["held"], facts["offered"]) != (held, offered):
        yield f"held {facts['held']}, offered {facts['offered']}: on record are {held} and {offered}"


def _shortfalls(run: Run, school: str, facts: Facts) -> Iterator[str]:
    told, line = run.schools[school], Decimal(run.policy["cut_line"])
    expected = [] if Decimal(told["score"]) >= line else ["below_cut_line"]
    expected += told.get("barred", [])
    if [each["reason"] for each in facts["shortfalls"]] != expected or not expected:
        yield f"shortfalls: {facts['shortfalls']}, the snapshot gives {expected}"
    for each in facts["shortfalls"]:
        said = tuple(None if each[name] is None else Decimal(each[name]) for name in ("line", "by"))
        true = list(lines(run.scorings, told, each["reason"]))
        if each["reason"] == "below_cut_line":
            true = [(line, line - Decimal(told["score"]))]
        if said not in true:
            yield f"{each['reason']}: {each}, the documents give {true}"


def _missed(run: Run, school: str, facts: Facts) -> Iterator[str]:
    if run.ranked().index(school) != facts["rank"] - 1:
        yield f"rank: {facts['rank']} is another school's place"
    held = run.holders.get(school)
    got = tuple(facts["designations"]) if facts["outcome"] == "selected" else None
    for wishes, keeps in ((run.wishes(school, held or ()), False), (run.wishes(school), True)):
        better = wishes if got is None else wishes[: wishes.index(got)]
        named = [
            tuple(each["award"]) for each in facts["missed"] if keeps or each["by"] != "keeps_what_it_holds"
        ]
        if (sorted(named) if keeps else named) != (sorted(better) if keeps else better):
            yield f"missed: {named}, it liked these better: {better}"
    for each in facts["missed"]:
        yield from _reason(run, school, each)


def _reason(run: Run, school: str, missed: Facts) -> Iterator[str]:
    turn = Turn(run, school)
    match missed["by"]:
        case "group_full":
            yield from _group_full(turn, missed)
        case "seats_full":
            if turn.full(missed["award"]) or turn.free_seats() > 0:
                yield f"seats_full: {turn.free_seats()} seats were free"
        case "needed_for_guarantee":
            yield from _guaranteed(turn, missed)
        case "keeps_what_it_holds":
            if set(run.holders[school]) <= set(missed["award"]):
                yield f"keeps_what_it_holds: {missed['award']} has all that it holds"
        case other:
            yield f"{other}: no such reason"


def _group_full(turn: "Turn", missed: Facts) -> Iterator[str]:
    full = turn.full(missed["award"])
    if [each["group"] for each in missed["full"]] != full or not full:
        yield f"group_full: {missed['full']}, these were full: {full}"
    for each in missed["full"]:
        kept_for, last_in = turn.kept_for(each["group"]), turn.last_in(each["group"])
        if each["kept_for"] != kept_for:
            yield f"kept_for: {each}, it was {kept_for}"
        if each["last_in"] != (None if last_in in kept_for else last_in):
            yield f"last_in: {each}, it was {last_in}"


def _guaranteed(turn: "Turn", missed: Facts) -> Iterator[str]:
    """That a guarantee could not be met otherwise is for exhaustive search and the solver to say."""
    if turn.full(missed["award"]) or (turn.free_seats() <= 0 and turn.school not in turn.run.holders):
        yield "needed_for_guarantee: what was asked for was full"
    if not missed["groups"] or missed["scarce"] is None:
        yield f"needed_for_guarantee: names no group, or not what was scarce: {missed}"


@dataclass
class Turn:
    """What was taken when it was a school's turn: by the schools above, and by holders from there on."""

    run: Run
    school: str
    above: list[tuple[str, Sequence[str]]] = field(init=False)
    below: list[tuple[str, Sequence[str]]] = field(init=False)

    def __post_init__(self) -> None:
        ranked = self.run.ranked()
        place = ranked.index(self.school)
        self.above = [
            (school, self.run.awards[school]["designations"])
            for school in ranked[:place]
            if self.run.awards[school]["outcome"] == "selected"
        ]
        holders = self.run.holders
        self.below = [(school, holders[school]) for school in ranked[place:] if school in holders]

    def free_seats(self) -> int:
        seats: int = self.run.policy["seats"]
        return seats - len(self.above) - len(self.below)

    def full(self, award: Sequence[str]) -> list[str]:
        counts = Counter(self.run.group(track) for _, got in (*self.above, *self.below) for track in got)
        own = self.run.holders.get(self.school, ())
        added = [self.run.group(track) for track in award if track not in own]
        return [group for group in added if counts[group] >= self.run.at_most(group)]

    def kept_for(self, group: str) -> list[str]:
        """Schools above that get a designation of a group which they neither hold nor are offered."""
        record = self.run.record
        if record is None:
            return []
        beyond = [(school, set(got) - record.theirs(school)) for school, got in self.above]
        return [school for school, more in beyond if group in map(self.run.group, more)]

    def last_in(self, group: str) -> str | None:
        for inside in (self.above, self.below):
            schools = [school for school, got in inside if group in map(self.run.group, got)]
            if schools:
                return schools[-1]
        return None


_OUTCOMES = {
    "offered": ("결과: 제안(", "Outcome: offered ("),
    "selected": ("결과: 선정(", "Outcome: selected ("),
    "reserve": ("결과: 예비 ", "Outcome: number "),
    "not_passed": ("결과: 미선정.", "Outcome: not selected."),
}


def unsaid(facts: Facts, told: str) -> Iterator[str]:
    """What the facts have and the sentences do not say: the outcome, numbers, each reason."""
    outcome = facts["outcome"] if facts["offered"] is None else "offered"
    if not any(words in told for words in _OUTCOMES[outcome]):
        yield f"it is {outcome}: {told}"
    numbers = {facts["score"], *facts["parts"].values()}
    numbers |= {str(facts[name]) for name in ("rank", "reserve") if facts[name] is not None}
    numbers |= {
        each[name] for each in facts["shortfalls"] for name in ("line", "by") if each[name] is not None
    }
    said = set(re.findall(r"-?\d+(?:\.\d+)?", told))
    yield from (f"{number} is not said: {told}" for number in sorted(numbers - said))
    reasons = len(facts["missed"]) + len(facts["shortfalls"]) + len(facts["struck"])
    reasons += facts["offered"] is not None and set(facts["offered"]) != set(facts["designations"])
    if told.count(". ") + 1 < 3 + reasons:
        yield f"{reasons} reasons, and fewer sentences: {told}"
