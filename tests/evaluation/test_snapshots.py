"""Snapshot files: read strictly, computed without anything else, and back again."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.test_scorings import recomputed

from decisions.canonical import result_sha256
from decisions.recompute import decide
from decisions.strict import Broken
from evaluation import snapshots
from evaluation.domain.snapshot import Unsupported
from evaluation.domain.vocabulary import SchoolId

PROGRAM = Path(sys.executable).with_name("evaluation")


def document() -> dict[str, Any]:
    return {
        "kind": "selection",
        "programme_year": 2025,
        "policy": {
            "seats": 2,
            "designations_per_school": 1,
            "pools": [["continuing"], ["new"]],
            "quotas": [
                {
                    "name": "regional",
                    "tracks": ["regional_key_industry", "work_study"],
                    "at_least": 1,
                    "at_most": 1,
                },
                {"name": "new_technology", "tracks": ["new_technology"], "at_least": 0, "at_most": 1},
            ],
            "cut_line": "60",
            "tie_breaks": ["quantitative"],
            "lot_source": "a state lottery",
            "lot_seed": "3-11-19",
        },
        "applicants": [
            applicant("sch_1", "90", ["new_technology"]),
            applicant("sch_2", "80.5", []),
            applicant("sch_3", "70", ["work_study"]),
            applicant("sch_4", "59.999", ["new_technology"]),
        ],
    }


def applicant(school: str, score: str, tracks: list[str]) -> dict[str, Any]:
    return {
        "id": school,
        "kind": "new",
        "score": score,
        "criteria": {"quantitative": "41.2"},
        "tracks": tracks,
        "accepts_general": True,
        "barred": [],
    }


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """The document with one field set."""
    whole = document()
    at: Any = whole
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return whole


def without(*path: str | int) -> dict[str, Any]:
    whole = document()
    at: Any = whole
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return whole


def test_a_snapshot_gives_the_result_the_rule_says() -> None:
    result = decide(document(), snapshots.parse, snapshots.compute)
    assert result["awards"] == [
        {
            "id": "sch_1",
            "rank": 1,
            "outcome": "selected",
            "designations": ["new_technology"],
            "reserve": None,
        },
        {"id": "sch_2", "rank": 2, "outcome": "reserve", "designations": [], "reserve": 1},
        {"id": "sch_3", "rank": 3, "outcome": "selected", "designations": ["work_study"], "reserve": None},
        {"id": "sch_4", "rank": None, "outcome": "not_passed", "designations": [], "reserve": None},
    ]
    assert result["kind"] == "selection-result"
    assert result["rule"] == "selection-1"
    assert result["result_sha256"] == result_sha256(result)


def test_what_may_be_left_out_may_be_left_out() -> None:
    bare = document()
    for each in bare["applicants"]:
        del each["barred"]
    whole = {**document(), "holders": {}}
    awards = [decide(each, snapshots.parse, snapshots.compute)["awards"] for each in (bare, whole)]
    assert awards[0] == awards[1]


def test_decimals_are_compared_as_numbers() -> None:
    tied = document()
    tied["policy"]["cut_line"] = "60.0"
    tied["applicants"] = [applicant("sch_1", "60", []), applicant("sch_2", "60.000", [])]
    tied["applicants"][0]["criteria"]["quantitative"] = "9"
    tied["applicants"][1]["criteria"]["quantitative"] = "10.0"
    result = decide(tied, snapshots.parse, snapshots.compute)
    assert [award["id"] for award in result["awards"]] == ["sch_2", "sch_1"]


def test_differences_beyond_any_float_decide() -> None:
    close = document()
    digits = "0" * 40
    close["applicants"] = [applicant("sch_1", f"70.{digits}1", []), applicant("sch_2", f"70.{digits}2", [])]
    result = decide(close, snapshots.parse, snapshots.compute)
    assert [award["id"] for award in result["awards"]] == ["sch_2", "sch_1"]


HOLDER = {"sch_1": ["new_technology"]}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (changed("colour", to=1), "colour", "field_unknown"),
    (changed("policy", "colour", to=1), "policy.colour", "field_unknown"),
    (changed("applicants", 0, "colour", to=1), "applicants[0].colour", "field_unknown"),
    (changed("policy", "quotas", 0, "colour", to=1), "policy.quotas[0].colour", "field_unknown"),
    (without("policy"), "policy", "field_missing"),
    (without("policy", "seats"), "policy.seats", "field_missing"),
    (without("applicants", 2, "tracks"), "applicants[2].tracks", "field_missing"),
    (changed("kind", to="matching"), "kind", "constant_expected"),
    (changed("programme_year", to="2025"), "programme_year", "integer_expected"),
    (changed("policy", "seats", to=2.0), "policy.seats", "integer_expected"),
    (changed("policy", "seats", to=-1), "policy.seats", "integer_range"),
    (changed("policy", "cut_line", to=60), "policy.cut_line", "decimal_string_expected"),
    (changed("applicants", 1, "score", to=80.5), "applicants[1].score", "decimal_string_expected"),
    (changed("applicants", 1, "score", to="8e1"), "applicants[1].score", "decimal_form"),
    (
        changed("applicants", 1, "criteria", "quantitative", to=41),
        "applicants[1].criteria.quantitative",
        "decimal_string_expected",
    ),
    (changed("applicants", 1, "accepts_general", to=1), "applicants[1].accepts_general", "boolean_expected"),
    (changed("applicants", 1, "id", to="sch_1"), "applicants", "applicant_duplicate"),
    (changed("applicants", 1, "id", to=""), "applicants[1].id", "string_empty"),
    (
        changed("applicants", 0, "tracks", to=["new_technology"] * 2),
        "applicants[0].tracks",
        "value_duplicate",
    ),
    (changed("applicants", 0, "tracks", to=["general"]), "applicants[0].tracks", "track_without_group"),
    (changed("applicants", 0, "criteria", to={}), "applicants[0].criteria", "criterion_missing"),
    (changed("applicants", 3, "kind", to="meister"), "applicants[3].kind", "kind_in_no_pool"),
    (changed("policy", "pools", to=[["new"], ["new"]]), "policy.pools", "kind_in_two_pools"),
    (changed("policy", "quotas", 1, "name", to="regional"), "policy.quotas", "quota_duplicate"),
    (changed("policy", "quotas", 1, "tracks", to=["work_study"]), "policy.quotas", "track_in_two_groups"),
    (changed("policy", "quotas", 0, "at_least", to=2), "policy.quotas[0].at_least", "at_least_above_at_most"),
    (
        changed("policy", "designations_per_school", to=3),
        "policy.designations_per_school",
        "designations_per_school",
    ),
    (
        changed(
            "policy",
            "quotas",
            to=[{"name": f"g{n}", "tracks": [f"t{n}"], "at_least": 0, "at_most": 1} for n in range(17)],
        ),
        "policy.quotas",
        "quota_groups",
    ),
    (changed("holders", to={"sch_9": []}), "holders.sch_9", "holder_unknown"),
    (changed("holders", to={"sch_4": []}), "holders.sch_4", "holder_not_passed"),
    (changed("holders", to={"sch_1": ["work_study"]}), "holders.sch_1", "holder_track_not_wanted"),
    (changed("holders", to={"sch_1": [], "sch_2": [], "sch_3": []}), "holders", "holders_above_seats"),
    (changed("holders", to={"sch_1": "new_technology"}), "holders.sch_1", "array_expected"),
]


@pytest.mark.parametrize(("broken", "field", "rule"), REFUSED, ids=[f"{f} {r}" for _, f, r in REFUSED])
def test_a_snapshot_that_breaks_a_rule_is_refused_by_field_and_rule(
    broken: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(Broken) as caught:
        decide(broken, snapshots.parse, snapshots.compute)
    assert (caught.value.field, caught.value.rule) == (field, rule)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda d: d["applicants"][1].update(tracks=["new_technology"]), "holders_above_at_most"),
        (lambda d: d["applicants"][0].update(accepts_general=False), "holder_general_not_accepted"),
        (
            lambda d: d["applicants"][0].update(tracks=["regional_key_industry", "work_study"]),
            "holder_above_group",
        ),
        (
            lambda d: d["applicants"][0].update(tracks=["new_technology", "work_study"]),
            "holder_above_designations",
        ),
    ],
)
def test_holders_that_break_the_caps_are_refused(spoil: Callable[[Any], None], rule: str) -> None:
    holders: dict[str, dict[str, list[str]]] = {
        "holders_above_at_most": {"sch_1": ["new_technology"], "sch_2": ["new_technology"]},
        "holder_general_not_accepted": {"sch_1": []},
        "holder_above_group": {"sch_1": ["regional_key_industry", "work_study"]},
        "holder_above_designations": {"sch_1": ["new_technology", "work_study"]},
    }
    broken = {**document(), "holders": holders[rule]}
    spoil(broken)
    with pytest.raises(Broken) as caught:
        decide(broken, snapshots.parse, snapshots.compute)
    assert caught.value.rule == rule


def test_a_document_made_of_a_snapshot_reads_back_as_the_same() -> None:
    snapshot = snapshots.parse({**document(), "holders": HOLDER})
    assert snapshots.parse(snapshots.snapshot_document(snapshot)) == snapshot
    decided = snapshots.decided(snapshot)
    again = decide(json.loads(decided.snapshot), snapshots.parse, snapshots.compute)
    assert again == json.loads(decided.result)
    assert snapshots.digest(snapshot) == decided.snapshot_sha256


def test_small_decimals_are_written_without_an_exponent() -> None:
    tiny = changed("applicants", 0, "score", to="70.0000000001")
    written = snapshots.snapshot_document(snapshots.parse(tiny))
    assert written["applicants"][0]["score"] == "70.0000000001"
    zero = changed("applicants", 0, "criteria", "quantitative", to="0.0000000001")
    criteria = snapshots.snapshot_document(snapshots.parse(zero))["applicants"][0]["criteria"]
    assert criteria == {"quantitative": "0.0000000001"}
    assert Decimal(criteria["quantitative"]) == Decimal("1e-10")


def test_deciding_in_the_service_names_what_the_rule_refuses() -> None:
    broken = snapshots.parse(changed("applicants", 0, "criteria", to={}))
    with pytest.raises(Unsupported) as caught:
        snapshots.decided(broken)
    assert caught.value.rule == "criterion_missing"


def big_document(applicants: int) -> dict[str, Any]:
    chance = random.Random(5)
    whole = document()
    tracks = ["regional_key_industry", "work_study", "new_technology"]
    whole["policy"] |= {"seats": applicants // 3}
    for quota in whole["policy"]["quotas"]:
        quota |= {"at_least": applicants // 40, "at_most": applicants // 30}
    whole["applicants"] = [
        {
            "id": SchoolId(f"sch_{chance.getrandbits(128):032x}"),
            "kind": chance.choice(["new", "continuing"]),
            "score": f"{chance.uniform(40, 100):.3f}",
            "criteria": {"quantitative": f"{chance.uniform(0, 50):.3f}"},
            "tracks": chance.sample(tracks, chance.randint(0, 3)),
            "accepts_general": chance.random() < 0.8,
            "barred": [],
        }
        for _ in range(applicants)
    ]
    return whole


def test_six_thousand_applicants_take_less_than_a_second_of_their_own() -> None:
    whole = big_document(6_000)
    started = time.process_time()
    result = decide(whole, snapshots.parse, snapshots.compute)
    assert time.process_time() - started < 1
    assert len(result["awards"]) == 6_000


def test_the_kernel_for_large_snapshots_gives_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = big_document(600)
    plain = decide(whole, snapshots.parse, snapshots.compute)
    monkeypatch.setattr(snapshots, "COMPILED_FROM", 0)
    assert decide(whole, snapshots.parse, snapshots.compute) == plain


def test_the_command_needs_no_database_no_broker_and_no_settings(tmp_path: Path) -> None:
    files = []
    for name, whole in (("a", document()), ("b", changed("policy", "seats", to="2")), ("c", document())):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(whole, indent=2), "utf-8")
    ran = subprocess.run(
        [PROGRAM, "recompute", *files], capture_output=True, text=True, check=False, env={}, cwd=tmp_path
    )
    assert ran.returncode == 2
    results = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(results) == 2
    assert results[0] == results[1]
    assert f"{files[1]}: policy.seats: integer_expected" in ran.stderr
    expected = tmp_path / "expected.json"
    for change, code in (({}, 0), ({"rule": "selection-0"}, 1)):
        expected.write_text(json.dumps(deepcopy(results[0]) | change), "utf-8")
        assert recomputed(str(files[0]), "--expect", str(expected)).exit_code == code
