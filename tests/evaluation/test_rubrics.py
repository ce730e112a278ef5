"""Rubrics as data: checked by name, in versions, frozen by the first score, in and out as JSON and sheets."""

import asyncio
import json
import unicodedata
from copy import deepcopy
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.asking import done, refused
from tests.evaluation.town import RUBRIC, YEAR, Town, sheet

from evaluation import rubrics
from evaluation.domain.rubric import Span
from evaluation.rubrics import sheet as table
from evaluation.rubrics.form import RubricForm, form_of
from papers.tables import to_csv, to_xlsx

PROGRESS = f"/programme-years/{YEAR}/progress"
FIGURE = {
    "measure": "employment_rate",
    "cohort": 1,
    "as_of": {"years_before": 1, "month": 12, "day": 31},
    "nothing": "20",
    "full": "80",
}


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The plain rubric with what stands at a path replaced."""
    rubric = deepcopy(RUBRIC)
    place = rubric
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return rubric


def criterion(**facts: Any) -> dict[str, Any]:
    first: dict[str, Any] = RUBRIC["kinds"]["continuing"]["criteria"][0]
    return first | facts


UNSCORABLE: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"weight": "41"}, "", "weights_sum"),
    ({"scale": "0"}, ".results", "scale_range"),
    ({"step": "7"}, ".results", "scale_range"),
    ({"minimum": "41"}, ".results.minimum", "minimum_range"),
    ({"stage": "site_visit"}, ".results.stage", "stage_unknown"),
    ({"part": "bonus"}, ".results.part", "part_reserved"),
    ({"name": "qualitative"}, ".qualitative.name", "name_of_a_part"),
    ({"name": "plan"}, ".plan", "criterion_duplicate"),
    ({"scored_by": FIGURE | {"full": "20"}}, ".results.scored_by.full", "span_empty"),
    (
        {"scored_by": FIGURE | {"as_of": {"years_before": 1, "month": 2, "day": 29}}},
        ".results.scored_by.as_of",
        "as_of_day",
    ),
    (
        {"scored_by": FIGURE | {"measure": "retention_12_months"}},
        ".results.scored_by.as_of",
        "as_of_too_early",
    ),
]


async def test_a_criterion_that_cannot_be_scored_is_refused_by_its_name(town: Town) -> None:
    before = await town.state()
    for facts, field, rule in UNSCORABLE:
        broken = changed("kinds", "continuing", "criteria", 0, to=criterion(**facts))
        answer = await town.officer.put("/rubrics/broken", broken)
        refused(answer, 422, (f"kinds.continuing.criteria{field}", rule))
    assert await town.state() == before


UNSOUND: Final[list[tuple[tuple[Any, ...], Any, str, str]]] = [
    (("stages",), [{"stage": "documents"}] * 2, "stages", "stage_duplicate"),
    (("stages", 0, "line"), "101", "stages.0.line", "line_range"),
    (("minima",), {"interview": "3"}, "minima.interview", "minimum_unknown"),
    (("minima",), {"qualitative": "61"}, "minima.qualitative", "minimum_range"),
    (("criteria", 0, "scored_by"), FIGURE, "criteria.results.scored_by", "outcomes_of_kind"),
    (
        ("bonus",),
        [{"name": "extra", "name_ko": "가점", "name_en": "Extra", "points": "0", "ground": "officer"}],
        "bonus.extra.points",
        "bonus_range",
    ),
]


async def test_stages_minima_and_bonuses_are_checked_by_name(town: Town) -> None:
    for path, value, field, rule in UNSOUND:
        broken = changed("kinds", "new", *path, to=value)
        refused(await town.officer.put("/rubrics/broken", broken), 422, (f"kinds.new.{field}", rule))


async def test_a_stage_that_nothing_is_scored_in_is_refused(town: Town) -> None:
    stages = [{"stage": "documents"}, {"stage": "performance"}]
    broken = changed("kinds", "new", "stages", to=stages)
    refused(
        await town.officer.put("/rubrics/broken", broken),
        422,
        ("kinds.new.stages.1.stage", "stage_of_kind"),
        ("kinds.new.stages.1.stage", "stage_empty"),
    )


async def test_a_rubric_of_another_form_is_refused_by_field(town: Town) -> None:
    unknown = changed("kinds", "new", "criteria", 0, to=criterion(stage="documents", colour="red"))
    number = changed("kinds", "new", "criteria", 0, "weight", to=40)
    for broken, field in ((unknown, "colour"), (number, "weight")):
        answer = await town.officer.put("/rubrics/broken", broken)
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {f"kinds.new.criteria.0.{field}"}


async def test_the_shipped_rubric_says_that_it_is_a_default_of_this_software(town: Town) -> None:
    shown = done(await town.officer.get("/rubrics/default_2025"))
    assert shown["notice"] == "A default of this software, not an official value."
    assert set(shown["kinds"]) == {"new", "continuing"}
    refused(await town.officer.get("/rubrics/unheard_of"), 404, ("name", "rubric_not_found"))


async def test_what_is_saved_anew_is_the_next_version_and_the_former_stays(town: Town) -> None:
    assert done(await town.officer.put("/rubrics/plain", RUBRIC), 201)["version"] == 1
    assert done(await town.officer.put("/rubrics/plain", RUBRIC), 201)["version"] == 1
    second = changed("notice", to="Changed.")
    assert done(await town.officer.put("/rubrics/plain", second), 201)["version"] == 2
    assert done(await town.officer.get("/rubrics/plain"))["notice"] == "Changed."
    first = done(await town.officer.get("/rubrics/plain", version=1))
    assert first["notice"] == RUBRIC["notice"]
    listed = done(await town.officer.get("/rubrics/plain/versions"))
    assert [each["version"] for each in listed] == [2, 1]
    refused(await town.officer.get("/rubrics/plain", version=3), 404, ("name", "rubric_not_found"))


async def test_versions_of_a_shipped_rubric_count_on_from_the_file(town: Town) -> None:
    shipped = done(await town.officer.get("/rubrics/default_2025/export"))
    own = shipped | {"notice": "Values of the committee."}
    assert done(await town.officer.put("/rubrics/default_2025", own), 201)["version"] == 2
    assert done(await town.officer.get("/rubrics/default_2025", version=1))["notice"] == shipped["notice"]


async def test_a_year_takes_the_newest_version_until_the_first_score_freezes_it(town: Town) -> None:
    await town.prepared({1: {}})
    newer = changed("notice", to="Newer.")
    done(await town.officer.put("/rubrics/plain", newer), 201)
    await town.assigned(2)
    in_use = done(await town.officer.get(PROGRESS))["rubric"]
    assert (in_use["version"], in_use["frozen_at"], in_use["problems"]) == (2, None, [])
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    in_use = done(await town.officer.get(PROGRESS))["rubric"]
    assert in_use["version"] == 2
    assert in_use["frozen_at"] is not None
    before = await town.state()
    late = changed("notice", to="Too late.")
    refused(await town.officer.put("/rubrics/plain", late), 409, ("name", "rubric_frozen"))
    assert await town.state() == before
    listed = done(await town.officer.get("/rubrics/plain/versions"))
    assert [each["years"] for each in listed] == [[YEAR], []]


async def test_a_stage_that_figures_alone_score_freezes_the_rubric_with_its_closing(town: Town) -> None:
    staged = deepcopy(RUBRIC)
    counted = {"question": "partners", "nothing": "0", "full": "10"}
    results, plan = staged["kinds"]["new"]["criteria"]
    staged["kinds"]["new"] = {
        "stages": [{"stage": "documents", "line": "30"}, {"stage": "presentation"}],
        "criteria": [results | {"scored_by": counted}, plan | {"stage": "presentation"}],
    }
    done(await town.officer.put("/rubrics/staged", staged), 201)
    asked = [{"name": "partners", "kinds": ["new"], "at_least": "0", "at_most": None}]
    await town.prepared({1: {"answers": {"partners": "8"}}}, rubric="staged", questions=asked)
    done(await town.officer.post(f"/programme-years/{YEAR}/stages/new/documents/closure"), 201)
    assert done(await town.officer.get(PROGRESS))["rubric"]["frozen_at"] is not None
    before = await town.state()
    staged["kinds"]["new"]["stages"][0]["line"] = "35"
    refused(await town.officer.put("/rubrics/staged", staged), 409, ("name", "rubric_frozen"))
    assert await town.state() == before


async def test_a_rubric_saved_while_the_first_score_comes_in_counts_before_it_or_not_at_all(
    town: Town,
) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    newer = changed("notice", to="Newer.")
    saved, submitted = await asyncio.gather(
        town.officer.put("/rubrics/plain", newer),
        town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}),
    )
    done(submitted, 201)
    frozen = done(await town.officer.get(PROGRESS))["rubric"]["version"]
    assert (saved.status_code, frozen) in {(201, 2), (409, 1)}


async def test_a_version_without_the_years_tie_breaks_is_refused_when_it_is_saved(town: Town) -> None:
    await town.receive(*town.applications.opens())
    renamed = deepcopy(RUBRIC)
    renamed["kinds"]["new"]["criteria"][0]["part"] = "figures"
    answer = await town.officer.put("/rubrics/plain", renamed)
    refused(answer, 422, ("kinds.new.criteria", "tie_break_missing"))
    only_new = {"notice": "New ones alone.", "kinds": {"new": RUBRIC["kinds"]["new"]}}
    answer = await town.officer.put("/rubrics/plain", only_new)
    refused(answer, 422, ("kinds.continuing", "kind_missing"))


async def test_a_figure_that_the_year_does_not_ask_is_refused_by_its_criterion(town: Town) -> None:
    await town.receive(*town.applications.opens())
    asks = {"question": "planned_students", "nothing": "0", "full": "40"}
    answer = await town.officer.put(
        "/rubrics/plain", changed("kinds", "new", "criteria", 0, "scored_by", to=asks)
    )
    refused(answer, 422, ("kinds.new.criteria.results", "question_missing"))


async def test_officers_see_in_time_that_a_policy_breaks_ties_by_what_no_rubric_has(town: Town) -> None:
    await town.prepared({1: {}}, tie_breaks=["interview"])
    problems = done(await town.officer.get(PROGRESS))["rubric"]["problems"]
    assert {each["rule"] for each in problems} == {"tie_break_missing"}
    assert all("interview" in each["message"] for each in problems)


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_a_rubric_goes_out_as_a_sheet_and_comes_back_the_same(town: Town, form: str) -> None:
    file = await town.officer.get("/rubrics/default_2025/export", form=form)
    assert file.status_code == 200
    saved = done(await town.officer.upload("/rubrics/own/sheet", file.content), 201)
    exported = done(await town.officer.get("/rubrics/own/export"))
    assert exported == done(await town.officer.get("/rubrics/default_2025/export"))
    assert saved["version"] == 1


async def test_a_sheet_is_refused_by_row_and_column(town: Town) -> None:
    whole = table.table(RubricForm.model_validate(RUBRIC).rubrics("plain", 1))
    rows = [list(row) for row in whole.rows]
    place = list(table.COLUMNS).index
    rows[2][place("weight")] = "much"
    rows[3][place("stage")] = "interview"
    broken = type(whole)(whole.name, whole.header, rows)
    refused(
        await town.officer.upload("/rubrics/plain/sheet", to_xlsx([broken])),
        422,
        ("rows.4.weight", "string_pattern_mismatch"),
        ("rows.5.stage", "enum"),
    )
    rows[0][place("row")] = "remark"
    broken = type(whole)(whole.name, whole.header, rows)
    refused(
        await town.officer.upload("/rubrics/plain/sheet", to_csv(broken)),
        422,
        ("rows.2.row", "known"),
        ("rows", "notice_missing"),
    )
    refused(
        await town.officer.upload("/rubrics/plain/sheet", b"PK\x03\x04 no"), 422, ("file", "file_unreadable")
    )


def test_json_form_and_sheet_read_back_as_they_were_written() -> None:
    shipped = rubrics.shipped("default_2025")
    assert shipped is not None
    assert rubrics.read("default_2025", 1, form_of(shipped).model_dump_json()) == shipped
    assert table.form(to_xlsx([table.table(shipped)])).rubrics("default_2025", 1) == shipped


decimals = st.decimals(min_value=-1000, max_value=1000, places=3)


@given(nothing=decimals, full=decimals, value=decimals)
def test_a_figure_is_worth_a_share_between_nothing_and_full_and_grows_towards_full(
    nothing: Decimal, full: Decimal, value: Decimal
) -> None:
    if nothing == full:
        return
    span = Span(nothing, full)
    assert (span.share(nothing), span.share(full)) == (Decimal(0), Decimal(1))
    assert 0 <= span.share(value) <= 1
    nearer = value + (full - value) / 2
    assert span.share(nearer) >= span.share(value) or (value - full) * (full - nothing) > 0


letters = st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd")), min_size=1, max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
whole_steps = st.integers(1, 400)


@st.composite
def criteria(draw: st.DrawFn, weights: list[int]) -> list[dict[str, Any]]:
    """Criteria of a continuing school with these weights, scored by whom or what it comes."""
    step = draw(st.sampled_from(["0.001", "0.1", "0.5", "1"]))
    made = []
    for number, weight in enumerate(weights):
        scale = f"{Decimal(step) * draw(whole_steps):f}"
        source = draw(st.sampled_from(["reviewers", "answer", "outcome"]))
        span = {
            "nothing": draw(st.sampled_from(["0", "-3.5"])),
            "full": draw(st.sampled_from(["80", "0.125"])),
        }
        by: Any = {
            "reviewers": "reviewers",
            "answer": {"question": "partners", **span},
            "outcome": {**FIGURE, **span, "cohort": draw(st.integers(1, 5))},
        }[source]
        made.append(
            {
                "name": f"criterion_{number}",
                "name_ko": draw(letters),
                "name_en": draw(letters),
                "stage": "performance",
                "part": draw(st.sampled_from(["quantitative", "qualitative"])),
                "weight": str(weight),
                "scale": scale,
                "step": step,
                "minimum": draw(st.sampled_from([None, "0", scale])),
                "scored_by": by,
            }
        )
    return made


@settings(max_examples=50)
@given(
    data=st.data(),
    split=st.lists(st.integers(1, 99), max_size=4, unique=True),
    line=st.none() | st.integers(0, 100),
)
def test_whatever_rubric_may_be_saved_comes_back_from_its_sheet_as_it_was(
    data: st.DataObject, split: list[int], line: int | None
) -> None:
    edges = [0, *sorted(split), 100]
    weights = [high - low for low, high in pairwise(edges)]
    ground = data.draw(st.sampled_from(["officer", {"question": "rural", "equals": "1"}]))
    bonus = {"name": "extra", "name_ko": "가점", "name_en": "Extra", "points": "1.5", "ground": ground}
    document = {
        "notice": data.draw(letters),
        "kinds": {
            "continuing": {
                "stages": [{"stage": "performance", "line": None if line is None else str(line)}],
                "criteria": data.draw(criteria(weights)),
                "bonus": [
                    bonus
                    | {
                        "ground": data.draw(
                            st.sampled_from(["officer", {"question": "rural", "equals": "1"}])
                        )
                    }
                ],
            }
        },
    }
    named = rubrics.read("drawn", 1, json.dumps(document))
    assert table.form(to_xlsx([table.table(named)])).rubrics("drawn", 1) == named
    assert table.form(to_csv(table.table(named))).rubrics("drawn", 1) == named
