"""How the evaluation went: scores as they were given, what would have been, what moved the list."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from demo.ledger.evidence import Evidence
from demo.play.calendar import KST
from demo.play.stage import Known
from demo.report.story import Difference, Explanation, Judged, Label, Move, Score

_MOVES: Final = {
    "appeal-received": Label("이의신청", "appealed"),
    "appeal-decided": Label("이의신청 결정", "appeal decided"),
    "school-relinquished": Label("선정 포기", "gave up its place"),
    "school-revoked": Label("선정 취소", "its place was taken away"),
    "offer-made": Label("예비 승계 제안", "was offered a place"),
    "offer-expired": Label("기한 안에 답하지 않음", "did not answer in time"),
    "offer-declined": Label("제안 거절", "declined"),
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
        moves=tuple(_moves(evidence)),
        explanations=tuple(_explanation(label, known.shown[name]) for name, label in _EXPLAINED.items()),
    )


def _as_given(compared: Mapping[str, Any]) -> Iterator[Score]:
    for each in compared["schools"]:
        if each["after"] is not None:
            yield Score(Decimal(each["after"]["score"]), each["after"]["outcome"])


def _difference(label: Label, compared: Mapping[str, Any]) -> Difference:
    changes = dict(compared["changes"])
    selected, dropped, same = (changes.pop(name, 0) for name in ("selected", "dropped", "none"))
    return Difference(label, selected, dropped, sum(changes.values()), same)


def _moves(evidence: Evidence) -> Iterator[Move]:
    names = {
        event.data["school"]: event.data["name_ko"]
        for event in evidence.told
        if event.name == "school-registered"
    }
    moved = {event.id: event for event in evidence.told if event.name in _MOVES}
    for event in sorted(moved.values(), key=lambda event: (event.envelope.time, event.offset)):
        label = _MOVES[event.name]
        if event.name == "appeal-decided":
            label = _UPHELD if event.data["outcome"] == "upheld" else _REJECTED
        day = event.envelope.time.astimezone(KST).date().isoformat()
        yield Move(day, label, names[event.data["school"]])


def _explanation(label: Label, own: Mapping[str, Any]) -> Explanation:
    outcome = own["outcome"]
    return Explanation(label, outcome["name_ko"], outcome["explanation_ko"], outcome["explanation_en"])
