"""How the evaluation went: scores as they were given, what would have been, what moved the list."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from string import ascii_uppercase
from typing import Any, Final

from demo.ledger.evidence import Evidence
from demo.play.calendar import KST
from demo.play.stage import Known
from demo.report.story import Difference, Explanation, Judged, Label, Move, Score

_MOVES: Final = {  # in the order in which one leads to the next
    "appeal-received": Label("이의신청", "appealed"),
    "appeal-decided": Label("이의신청 결정", "appeal decided"),
    "school-relinquished": Label("선정 포기", "gave up its place"),
    "school-revoked": Label("선정 취소", "its place was taken away"),
    "offer-expired": Label("기한 안에 답하지 않음", "did not answer in time"),
    "offer-declined": Label("제안 거절", "declined"),
    "offer-made": Label("예비 승계 제안", "was offered a place"),
    "school-promoted": Label("예비에서 선정", "moved up and is selected"),
}
_UPHELD: Final = Label("이의신청 인용", "appeal upheld")
_REJECTED: Final = Label("이의신청 기각", "appeal rejected")
_COMPARED: Final = {
    "seats": Label("다섯 자리가 적었다면", "had there been five seats fewer"),
    "as_given": Label("평가위원 편차를 조정하지 않았다면", "had severity not been taken off"),
    "appeal": Label("인용된 이의신청의 앞과 뒤", "before and after the appeal that was upheld"),
}
_EXPLAINED: Final = {
    "selected": Label("선정", "Selected"),
    "promoted": Label("예비에서 승계", "Moved up from the reserve list"),
    "not_passed": Label("미선정", "Not selected"),
}


def judged(known: Known, evidence: Evidence) -> Judged:
    """All of it, from what officers and schools were shown and from the topics."""
    aliases = _Aliases(evidence)
    statistics = known.shown["statistics"]
    severities = [
        (each["reviewer"], Decimal(each["severity"]))
        for each in statistics["reviewers"]
        if each["severity"] is not None
    ]
    return Judged(
        as_given=tuple(_as_given(known.shown["as_given"])),
        alpha=statistics["alpha"] or "–",
        severities=tuple(sorted(severities, key=lambda each: each[1])),
        differences=tuple(_difference(_COMPARED[name], known.shown[name]) for name in _COMPARED),
        moves=tuple(_moves(evidence, aliases)),
        explanations=tuple(
            _explanation(label, known.shown[name], aliases) for name, label in _EXPLAINED.items()
        ),
    )


def _as_given(compared: Mapping[str, Any]) -> Iterator[Score]:
    for each in compared["schools"]:
        if each["after"] is not None:
            yield Score(Decimal(each["after"]["score"]), each["after"]["outcome"])


def _difference(label: Label, compared: Mapping[str, Any]) -> Difference:
    changes = dict(compared["changes"])
    selected, dropped, same = (changes.pop(name, 0) for name in ("selected", "dropped", "none"))
    return Difference(label, selected, dropped, sum(changes.values()), same)


class _Aliases:
    """Letters instead of names: the schools are real, and none of this happened to them."""

    def __init__(self, evidence: Evidence) -> None:
        registered = {e.data["school"]: e.data for e in evidence.told if e.name == "school-registered"}
        self._names = {school: (data["name_ko"], data["name_en"]) for school, data in registered.items()}
        self._letters: dict[str, str] = {}

    def of(self, school: str) -> str:
        return self._letters.setdefault(school, f"학교 {ascii_uppercase[len(self._letters) % 26]}")

    def within(self, text: str) -> str:
        """The text with every school's name replaced; longer names first, as one may hold another."""
        named = [
            (name, school) for school, names in self._names.items() for name in names if name and name in text
        ]
        for name, school in sorted(named, key=lambda each: -len(each[0])):
            text = text.replace(name, self.of(school))
        return text


def _moves(evidence: Evidence, aliases: _Aliases) -> Iterator[Move]:
    moved = {event.id: event for event in evidence.told if event.name in _MOVES}
    order = list(_MOVES)
    for event in sorted(moved.values(), key=lambda each: (each.envelope.time, order.index(each.name))):
        label = _MOVES[event.name]
        if event.name == "appeal-decided":
            label = _UPHELD if event.data["outcome"] == "upheld" else _REJECTED
        day = event.envelope.time.astimezone(KST).date().isoformat()
        yield Move(day, label, aliases.of(event.data["school"]))


def _explanation(label: Label, own: Mapping[str, Any], aliases: _Aliases) -> Explanation:
    outcome = own["outcome"]
    return Explanation(
        label,
        aliases.of(outcome["school"]),
        aliases.within(outcome["explanation_ko"]),
        aliases.within(outcome["explanation_en"]),
    )
