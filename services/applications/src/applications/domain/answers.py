"""What a school answers: kept as it types, complete when it submits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from applications.domain.policy import Question
from applications.domain.vocabulary import Track
from chassis.refusals import Invalid

# The heads of the official employment rate: employed ÷ (graduates - advanced - enlisted - excluded).
_PARTS_OF_GRADUATES: Final = ("employed", "advanced", "enlisted", "excluded")
_HEADS: Final = frozenset({"graduates", *_PARTS_OF_GRADUATES, "retained"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What year and call ask of one kind of applicant: figures, documents (codes), tracks to choose from."""

    questions: tuple[Question, ...]
    documents: tuple[str, ...]
    tracks: frozenset[Track]


@dataclass(frozen=True, slots=True)
class Answers:
    """Tracks as most wanted first, whether general support is welcome, and figures by question."""

    tracks: tuple[Track, ...] = ()
    accepts_general: bool | None = None
    figures: Mapping[str, Decimal] = field(default_factory=dict)

    def incomplete(self, asked: Asked) -> Iterator[Invalid]:
        """What still keeps these answers from being submitted, each with its field and rule."""
        yield from self._wishes(asked)
        names = {question.name for question in asked.questions}
        for question in asked.questions:
            yield from self._figure(question)
        for name in self.figures:
            if name not in names:
                yield Invalid("asked", f"The year asks this kind of school no {name}", f"figures.{name}")
        yield from self._heads()

    def _wishes(self, asked: Asked) -> Iterator[Invalid]:
        if self.accepts_general is None:
            yield Invalid("required", "Say whether general support is welcome", "accepts_general")
        if not self.tracks and self.accepts_general is False:
            yield Invalid("asks_for_something", "Name a track or accept general support", "tracks")
        if len(set(self.tracks)) != len(self.tracks):
            yield Invalid("distinct", "A track is named once", "tracks")
        for number, track in enumerate(self.tracks):
            if track not in asked.tracks:
                yield Invalid("track_of_the_call", f"The call has no track {track}", f"tracks.{number}")

    def _figure(self, question: Question) -> Iterator[Invalid]:
        name = f"figures.{question.name}"
        figure = self.figures.get(question.name)
        if figure is None:
            yield Invalid("required", f"The year asks for {question.name}", name)
            return
        if question.at_least is not None and figure < question.at_least:
            yield Invalid("at_least", f"At least {question.at_least}", name)
        if question.at_most is not None and figure > question.at_most:
            yield Invalid("at_most", f"At most {question.at_most}", name)

    def _heads(self) -> Iterator[Invalid]:
        for name in sorted(_HEADS & self.figures.keys()):
            figure = self.figures[name]
            if figure < 0 or figure != figure.to_integral_value():
                yield Invalid("whole_number", f"{name} counts heads", f"figures.{name}")
        zero = Decimal(0)
        parts = sum((self.figures.get(name, zero) for name in _PARTS_OF_GRADUATES), zero)
        if "graduates" in self.figures and parts > self.figures["graduates"]:
            detail = f"{', '.join(_PARTS_OF_GRADUATES)} are parts of graduates and add up to {parts}"
            yield Invalid("parts_of_graduates", detail, "figures.graduates")
        if self.figures.get("retained", zero) > self.figures.get(
            "employed", self.figures.get("retained", zero)
        ):
            yield Invalid("part_of_employed", "retained is a part of employed", "figures.retained")
