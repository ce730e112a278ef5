"""Scoring snapshots: raw scores, figures and the rubric, from which anybody works out the totals again.

Reviewers stand in them under pseudonyms; nothing else is needed. A snapshot that names no rule is of
`scoring-1`, which knew no panels: every sheet is normalised. It counted figures of stages that an application
never came to.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError

from chassis.refusals import Refusal
from decisions.strict import Broken, Fields, boolean, decimals, entries, integer, items, text, texts, within
from evaluation import rubrics
from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.rubric import Rubric, Rubrics
from evaluation.domain.scoring import Beside, Scores, Sheet, Total, totals
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage, SchoolId
from evaluation.rubrics.form import form_of
from evaluation.snapshots.code import code_version

KIND: Final = "scoring"
RULE: Final = "scoring-2"
WITHOUT_PANELS: Final = "scoring-1"

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True)
class Scored:
    """An application and what counts beside its sheets; `cut` is the stage that it did not go on from."""

    id: ApplicationId
    school: SchoolId
    kind: str
    cut: ReviewStage | None = None
    beside: Beside = field(default_factory=Beside)


@dataclass(frozen=True, slots=True)
class StagedSheet:
    stage: ReviewStage
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class ScoringSnapshot:
    """All that the totals of a year come from; `rule` is the version of the rule that works them out."""

    programme_year: int
    aggregation: Aggregation
    normalisation: Normalisation
    rubric: Rubrics
    applications: tuple[Scored, ...]
    sheets: tuple[StagedSheet, ...]
    rule: str = RULE

    def scores(self, kind: str) -> Scores:
        """All that the applications of a kind are scored by."""
        own = {each.id: each for each in self.applications if each.kind == kind}
        by_stage: dict[ReviewStage, list[Sheet]] = {}
        for each in self.sheets:
            if each.sheet.application in own:
                by_stage.setdefault(each.stage, []).append(each.sheet)
        return Scores(
            by_stage,
            {each.id: each.beside for each in own.values()},
            {each.id: each.cut for each in own.values() if each.cut is not None},
            beyond_cut=self.rule == WITHOUT_PANELS,
        )


def compute(snapshot: ScoringSnapshot) -> Mapping[str, Any]:
    """The totals of a snapshot as a document, without its hashes."""
    worked_out = [
        total
        for kind in sorted({each.kind for each in snapshot.applications})
        for total in totals(
            snapshot.scores(kind), snapshot.rubric.kinds[kind], snapshot.normalisation, snapshot.aggregation
        )
    ]
    schools = {each.id: each.school for each in snapshot.applications}
    return result_document(worked_out, schools, snapshot.rule)


def result_document(
    of: Iterable[Total], schools: Mapping[ApplicationId, SchoolId], rule: str = RULE
) -> dict[str, Any]:
    """Totals as a document, by application id, without its hashes."""
    return {
        "kind": f"{KIND}-result",
        "rule": rule,
        "code": code_version(),
        "totals": [
            {
                "application": each.application,
                "school": schools[each.application],
                "total": f"{each.total:f}",
                "parts": {part: f"{points:f}" for part, points in sorted(each.parts.items())},
                "barred": list(each.barred),
            }
            for each in sorted(of, key=lambda each: each.application)
        ],
    }


def document(snapshot: ScoringSnapshot) -> dict[str, Any]:
    """The document that `parse` reads back as the same snapshot."""
    return {
        "kind": KIND,
        **({} if snapshot.rule == WITHOUT_PANELS else {"rule": snapshot.rule}),
        "programme_year": snapshot.programme_year,
        "rules": {"aggregation": snapshot.aggregation, "normalisation": snapshot.normalisation},
        "rubric": {
            "name": snapshot.rubric.name,
            "version": snapshot.rubric.version,
            **form_of(snapshot.rubric).model_dump(mode="json"),
        },
        "applications": [_application_document(each) for each in snapshot.applications],
        "sheets": [_sheet_document(each, snapshot.rule) for each in snapshot.sheets],
    }


def _application_document(each: Scored) -> dict[str, Any]:
    return {
        "id": each.id,
        "school": each.school,
        "kind": each.kind,
        "cut": each.cut,
        "figures": {name: f"{score:f}" for name, score in each.beside.figures.items()},
        "bonus": sorted(each.beside.bonus),
    }


def _sheet_document(each: StagedSheet, rule: str) -> dict[str, Any]:
    return {
        "application": each.sheet.application,
        "stage": each.stage,
        "reviewer": each.sheet.reviewer,
        **({} if rule == WITHOUT_PANELS else {"panel": each.sheet.panel}),
        "scores": {name: f"{score:f}" for name, score in each.sheet.scores.items()},
    }


def parse(given: Any) -> ScoringSnapshot:
    """A scoring snapshot from its JSON document.

    Raises:
        Broken: The document is not of this form, or contradicts its own rubric.
    """
    fields = Fields(given)
    fields.constant("kind", KIND)
    rule = _one_of(*fields.take_or("rule", WITHOUT_PANELS), (RULE, WITHOUT_PANELS))
    year = integer(*fields.take("programme_year"))
    rules = Fields(*fields.take("rules"))
    snapshot = ScoringSnapshot(
        programme_year=year,
        aggregation=_one_of(*rules.take("aggregation"), get_args(Aggregation)),
        normalisation=_one_of(*rules.take("normalisation"), get_args(Normalisation)),
        rubric=_rubric(*fields.take("rubric")),
        applications=tuple(
            _application(Fields(each, path)) for each, path in items(*fields.take("applications"))
        ),
        sheets=tuple(_sheet(Fields(each, path), rule) for each, path in items(*fields.take("sheets"))),
        rule=rule,
    )
    rules.end()
    fields.end()
    _refuse(snapshot)
    return snapshot


def _one_of(value: object, path: str, words: tuple[Word, ...]) -> Word:
    for word in words:
        if value == word:
            return word
    raise Broken(path, "word_unknown", f"must be one of {', '.join(words)}")


def _rubric(value: object, path: str) -> Rubrics:
    fields = Fields(value, path)
    name, version = text(*fields.take("name")), integer(*fields.take("version"), 1)
    form = {key: of for key, of in entries(value, path) if key not in {"name", "version"}}
    try:
        return rubrics.read(name, version, json.dumps(form))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise Broken(within(path, at), "rubric_form", first["msg"]) from error
    except Refusal as error:
        raise Broken(within(path, error.field or ""), error.rule, error.detail) from error


def _application(fields: Fields) -> Scored:
    stage, path = fields.take("cut")
    scored = Scored(
        id=ApplicationId(text(*fields.take("id"))),
        school=SchoolId(text(*fields.take("school"))),
        kind=text(*fields.take("kind")),
        cut=None if stage is None else _stage(stage, path),
        beside=Beside(
            decimals(*fields.take("figures")),
            frozenset(texts(*fields.take("bonus"))),
        ),
    )
    fields.end()
    return scored


def _sheet(fields: Fields, rule: str) -> StagedSheet:
    """A sheet; whether it is a panel's stands in it since there is a rule for that."""
    sheet = StagedSheet(
        _stage(*fields.take("stage")),
        Sheet(
            application=ApplicationId(text(*fields.take("application"))),
            reviewer=ReviewerId(text(*fields.take("reviewer"))),
            scores=decimals(*fields.take("scores")),
            panel=rule != WITHOUT_PANELS and boolean(*fields.take("panel")),
        ),
    )
    fields.end()
    return sheet


def _stage(value: object, path: str) -> ReviewStage:
    return ReviewStage(_one_of(value, path, tuple(stage.value for stage in ReviewStage)))


def _refuse(snapshot: ScoringSnapshot) -> None:
    """Refuse applications and sheets that stand there twice, are foreign, or that the rubric cannot score."""
    kinds: dict[ApplicationId, Rubric] = {}
    schools: set[SchoolId] = set()
    for place, each in enumerate(snapshot.applications):
        path = f"applications[{place}]"
        if each.id in kinds or each.school in schools:
            raise Broken(path, "application_duplicate", f"{each.id} or its school stands there twice")
        if each.kind not in snapshot.rubric.kinds:
            raise Broken(f"{path}.kind", "kind_unknown", f"the rubric has no kind {each.kind}")
        kinds[each.id] = snapshot.rubric.kinds[each.kind]
        schools.add(each.school)
        _refuse_beside(each, kinds[each.id], path)
    _refuse_sheets(snapshot.sheets, kinds)


def _refuse_beside(each: Scored, rubric: Rubric, path: str) -> None:
    figures = {criterion.name: criterion for criterion, _ in rubric.figures()}
    for name, score in each.beside.figures.items():
        if name not in figures:
            raise Broken(f"{path}.figures.{name}", "criterion_unknown", f"no figure scores {name}")
        if not 0 <= score <= figures[name].scale:
            raise Broken(f"{path}.figures.{name}", "score_out_of_scale", f"{name} has another scale")
    unknown = each.beside.bonus - {bonus.name for bonus in rubric.bonus}
    if unknown:
        raise Broken(f"{path}.bonus", "bonus_unknown", f"the rubric has no bonus {min(unknown)}")


def _refuse_sheets(sheets: Sequence[StagedSheet], kinds: Mapping[ApplicationId, Rubric]) -> None:
    seen: set[tuple[str, ...]] = set()
    for place, each in enumerate(sheets):
        path = f"sheets[{place}]"
        sheet = each.sheet
        if sheet.application not in kinds:
            raise Broken(f"{path}.application", "application_unknown", f"{sheet.application} is not listed")
        key = (sheet.application, each.stage, sheet.reviewer)
        if key in seen:
            raise Broken(path, "sheet_duplicate", "the reviewer scored the application twice")
        seen.add(key)
        try:
            kinds[sheet.application].refuse(sheet.scores, f"{path}.scores", stage=each.stage)
        except Refusal as error:
            raise Broken(error.field or path, error.rule, error.detail) from error
