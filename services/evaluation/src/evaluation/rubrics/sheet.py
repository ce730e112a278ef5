"""A rubric as a table for Excel: a row for the notice and for each stage, criterion, minimum and bonus.

The columns are those of the JSON form; a cell that a row does not need stays empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import ValidationError

from chassis.refusals import Invalid, Refusal, Several
from evaluation.domain.rubric import (
    AnswerFigure,
    AnswerGround,
    Bonus,
    Criterion,
    OutcomeFigure,
    Rubric,
    Rubrics,
)
from evaluation.rubrics.form import RubricForm
from papers.tables import Cell, Row, Table, read

COLUMNS: Final[Mapping[str, str]] = {
    "row": "구분|row",
    "kind": "학교구분|kind",
    "name": "코드|name",
    "name_ko": "명칭|name_ko",
    "name_en": "영문명칭|name_en",
    "stage": "평가단계|stage",
    "part": "평가영역|part",
    "weight": "배점|weight",
    "scale": "만점|scale",
    "step": "채점단위|step",
    "minimum": "최저점|minimum",
    "scored_by": "채점주체|scored_by",
    "figure": "지표|figure",
    "cohort": "기준연도(년 전)|cohort",
    "as_of_years": "기준일(년 전)|as_of_years",
    "as_of_month": "기준일(월)|as_of_month",
    "as_of_day": "기준일(일)|as_of_day",
    "nothing": "0점 값|nothing",
    "full": "만점 값|full",
}
NOTICE, STAGE, CRITERION, MINIMUM, BONUS = ROWS = ("notice", "stage", "criterion", "minimum", "bonus")
_MOST_ROWS: Final = 400

Cells = dict[str, Cell]


def table(rubrics: Rubrics) -> Table:
    """The rubric as a table that `form` reads back."""
    rows: list[Cells] = [{"row": NOTICE, "name_ko": rubrics.notice}]
    for kind, rubric in rubrics.kinds.items():
        rows += [{"kind": kind, **cells} for cells in _rows(rubric)]
    header = [names.partition("|")[0] for names in COLUMNS.values()]
    return Table(
        f"{rubrics.name} v{rubrics.version}", header, [[row.get(field) for field in COLUMNS] for row in rows]
    )


def _rows(rubric: Rubric) -> Iterator[Cells]:
    for rule in rubric.stages:
        yield {"row": STAGE, "stage": rule.stage.value, "minimum": rule.line}
    for criterion in rubric.criteria:
        yield {"row": CRITERION, **_criterion(criterion)}
    for part, points in rubric.minima.items():
        yield {"row": MINIMUM, "part": part, "minimum": points}
    for bonus in rubric.bonus:
        yield {"row": BONUS, **_bonus(bonus)}


def _criterion(criterion: Criterion) -> Cells:
    cells: Cells = {
        "name": criterion.name,
        "name_ko": criterion.name_ko,
        "name_en": criterion.name_en,
        "stage": criterion.stage.value,
        "part": criterion.part,
        "weight": criterion.weight,
        "scale": criterion.scale,
        "step": criterion.step,
        "minimum": criterion.minimum,
    }
    match criterion.scored_by:
        case OutcomeFigure() as figure:
            return cells | {
                "scored_by": "outcome",
                "figure": figure.measure,
                "cohort": figure.cohort,
                "as_of_years": figure.as_of.years_before,
                "as_of_month": figure.as_of.month,
                "as_of_day": figure.as_of.day,
                "nothing": figure.span.nothing,
                "full": figure.span.full,
            }
        case AnswerFigure(question, span):
            return cells | {
                "scored_by": "answer",
                "figure": question,
                "nothing": span.nothing,
                "full": span.full,
            }
        case by:
            return cells | {"scored_by": by}


def _bonus(bonus: Bonus) -> Cells:
    cells: Cells = {
        "name": bonus.name,
        "name_ko": bonus.name_ko,
        "name_en": bonus.name_en,
        "weight": bonus.points,
    }
    if isinstance(bonus.ground, AnswerGround):
        ground = bonus.ground
        return cells | {"scored_by": "answer", "figure": ground.question, "full": ground.equals}
    return cells | {"scored_by": bonus.ground}


def form(data: bytes) -> RubricForm:
    """The form in an XLSX or CSV file; whatever is wrong with its rows is told at once, by row and column.

    Raises:
        Invalid: rules of `papers.tables.read`, `known`, `notice_missing`, and those of the form.
    """
    rows = read(data, COLUMNS, at_most=_MOST_ROWS)
    notices = [row.values["name_ko"] for row in rows if row.values["row"] == NOTICE]
    refusals: list[Refusal] = [
        Invalid("known", f"A row is one of {', '.join(ROWS)}", f"rows.{row.number}.row")
        for row in rows
        if row.values["row"] not in ROWS
    ]
    if len(notices) != 1:
        refusals.append(Invalid("notice_missing", "One row of the file is the notice", "rows"))
    if refusals:
        raise Several(refusals)
    document: dict[str, Any] = {"notice": notices[0], "kinds": {}}
    places: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row.values["row"] != NOTICE:
            _put(document["kinds"], row, places)
    try:
        return RubricForm.model_validate(document)
    except ValidationError as error:
        raise Several(
            [_refusal(each["loc"], each["type"], each["msg"], places) for each in error.errors()]
        ) from None


def _put(kinds: dict[str, Any], row: Row, places: dict[tuple[str, ...], int]) -> None:
    """Enter a row into the document, and where it stands in it."""
    value = row.values
    of = kinds.setdefault(value["kind"], {"stages": [], "criteria": [], "minima": {}, "bonus": []})
    match value["row"]:
        case "minimum":
            of["minima"][value["part"]] = _number(value["minimum"])
            places["kinds", value["kind"], "minima", value["part"]] = row.number
            return
        case "stage":
            name, entry = "stages", {"stage": value["stage"], "line": _number(value["minimum"]) or None}
        case "bonus":
            name, entry = "bonus", _bonus_entry(value)
        case _:
            name, entry = "criteria", _criterion_entry(value)
    places["kinds", value["kind"], name, str(len(of[name]))] = row.number
    of[name].append(entry)


def _criterion_entry(value: Mapping[str, str]) -> dict[str, Any]:
    return {
        **{name: value[name] for name in ("name", "name_ko", "name_en", "stage", "part")},
        **{name: _number(value[name]) for name in ("weight", "scale", "step")},
        "minimum": _number(value["minimum"]) or None,
        "scored_by": _scored_by(value),
    }


def _scored_by(value: Mapping[str, str]) -> Any:
    span = {"nothing": _number(value["nothing"]), "full": _number(value["full"])}
    match value["scored_by"]:
        case "outcome":
            as_of = {
                "years_before": value["as_of_years"],
                "month": value["as_of_month"],
                "day": value["as_of_day"],
            }
            return {"measure": value["figure"], "cohort": value["cohort"], "as_of": as_of, **span}
        case "answer":
            return {"question": value["figure"], **span}
        case by:
            return by


def _bonus_entry(value: Mapping[str, str]) -> dict[str, Any]:
    by: Any = value["scored_by"]
    if by == "answer":
        by = {"question": value["figure"], "equals": _number(value["full"])}
    return {
        **{name: value[name] for name in ("name", "name_ko", "name_en")},
        "points": _number(value["weight"]),
        "ground": by,
    }


def _number(cell: str) -> str:
    """A number without what a spreadsheet adds to it: thousands, an exponent, noise beyond nine places."""
    try:
        number = Decimal(cell.replace(",", ""))
        return f"{number.quantize(Decimal('1e-9')).normalize():f}" if number.is_finite() else cell
    except InvalidOperation:
        return cell


def _refusal(
    place: Sequence[int | str], rule: str, detail: str, places: Mapping[tuple[str, ...], int]
) -> Invalid:
    """What the form says of a place, told of the row that the place comes from."""
    path = tuple(map(str, place))
    row = places.get(path[:4])
    field = ".".join(path if row is None else ("rows", str(row), *path[4:]))
    return Invalid(rule, detail, field)
