"""A year taken away as signed files, and what the check of them finds when one was tampered with."""

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import PostgresDsn
from tests.asking import done
from tests.evaluation import test_appeals
from tests.evaluation.test_exports import SCHOOLS
from tests.evaluation.town import AFTER_APPEALS, YEAR, Town, policy
from typer.testing import CliRunner

from chassis.refusals import Invalid, NotFound
from chassis.runtime import Runtime
from chassis.signing import SigningKey
from chassis.transaction import Command, begin
from decisions.canonical import canonical
from evaluation.commands.checking import check_export
from evaluation.commands.exporting import export_year
from evaluation.domain.vocabulary import Year
from evaluation.handlers import keys
from evaluation.settings import Settings

GIVEN_UP = {"reason": "too_few_students"}


def keyed(town: Town, tmp_path: Path) -> Runtime:
    """The service with a signing key of its own."""
    settings = Settings(
        database_url=PostgresDsn(town.database.url),
        signing_key=tmp_path / "signing.pem",
    )
    return replace(town.runtime, settings=settings)


async def exported(town: Town, tmp_path: Path) -> Path:
    """The export of a year with a preliminary, a final result and a promotion."""
    await town.finished(SCHOOLS)
    done(await town.school(1).post(f"/programme-years/{YEAR}/relinquishment", GIVEN_UP), 201)
    to = tmp_path / "export"
    await export_year(keyed(town, tmp_path), Year(YEAR), to)
    return to


def checked(*arguments: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(check_export)
    ran = CliRunner().invoke(app, [str(each) for each in arguments])
    return ran.exit_code, ran.output


async def test_an_export_holds_runs_raw_scores_and_explanations_and_its_check_agrees(
    town: Town, tmp_path: Path
) -> None:
    folder = await exported(town, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert [(run["stage"], run["scoring"]) for run in manifest["runs"]] == [
        ("preliminary", "scorings/1"),
        ("final", "scorings/1"),
        ("promotion", "scorings/1"),
    ]
    code, told = checked(folder)
    assert code == 0, told
    assert "rev_" not in "".join(file.read_text() for file in folder.rglob("*.json"))
    [row] = await town.rows("select subject from messaging.audit where action = 'year_exported'")
    assert row["subject"] == str(YEAR)


async def test_the_published_key_is_the_one_that_exports_are_signed_with(town: Town, tmp_path: Path) -> None:
    folder = await exported(town, tmp_path)
    runtime = keyed(town, tmp_path)
    public = SigningKey.open(runtime.settings.signing_key).public
    for _ in range(2):
        async with begin(runtime.pool, Command(actor="evaluation")) as tx:
            await keys.publish(tx, public)
    [published] = done(await town.caller("auditor").get("/signing-keys"))["keys"]
    (tmp_path / "published.json").write_text(json.dumps(published))
    assert checked(folder, "--key", tmp_path / "published.json")[0] == 0
    async with begin(runtime.pool, Command(actor="evaluation")) as tx:
        await keys.publish(tx, SigningKey.open(tmp_path / "next.pem").public)
    answer = await town.caller("auditor").get("/signing-keys")
    assert [each["kid"] for each in done(answer)["keys"]][:1] == [published["kid"]]
    (tmp_path / "answered.json").write_bytes(answer.content)
    code, told = checked(folder, "--key", tmp_path / "answered.json")
    assert (code, published["kid"] in told) == (0, True), told
    (tmp_path / "other.json").write_text(
        json.dumps(SigningKey.open(tmp_path / "other.pem").public.document())
    )
    code, told = checked(folder, "--key", tmp_path / "other.json")
    assert (code, "is not signed with the key" in told) == (1, True)


def resigned(folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest, and sign it with a key of one's own."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    key = SigningKey.open(tmp_path / "forger.pem")
    (folder / "manifest.json").write_bytes(canonical(manifest))
    (folder / "manifest.sig").write_bytes(base64.b64encode(key.sign(canonical(manifest))))
    (folder / "public-key.json").write_text(json.dumps(key.public.document()))


async def test_what_was_tampered_with_is_named(town: Town, tmp_path: Path) -> None:
    folder = await exported(town, tmp_path)
    result = "runs/02-final/result.json"

    def tampered(name: str) -> Path:
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        return copy

    changed = tampered("changed")
    (changed / result).write_bytes((changed / result).read_bytes().replace(b"selected", b"reserved", 1))
    code, told = checked(changed)
    assert (code, f"{result}: is not what the manifest names" in told) == (1, True)
    missing = tampered("missing")
    (missing / result).unlink()
    assert f"{result}: is missing" in checked(missing)[1]
    added = tampered("added")
    (added / "runs/extra.json").write_text("{}")
    assert checked(added) == (1, "runs/extra.json: the manifest does not name it\n")
    unsigned = tampered("unsigned")
    (unsigned / "manifest.sig").unlink()
    assert checked(unsigned) == (1, "manifest.sig: is missing\n")


async def test_a_forger_with_a_key_of_their_own_cannot_change_a_score_unseen(
    town: Town, tmp_path: Path
) -> None:
    folder = await exported(town, tmp_path)
    raw = folder / "scorings/1/snapshot.json"
    snapshot = json.loads(raw.read_bytes())
    snapshot["sheets"][0]["scores"]["plan"] = "1"
    raw.write_bytes(canonical(snapshot))

    def cover(manifest: dict[str, Any]) -> None:
        manifest["files"]["scorings/1/snapshot.json"] = hashlib.sha256(raw.read_bytes()).hexdigest()

    resigned(folder, tmp_path, cover)
    code, told = checked(folder)
    assert code == 1
    assert "scorings/1/result.json: snapshot_sha256: differs" in told


async def test_a_manifest_of_another_shape_is_told_and_breaks_nothing(town: Town, tmp_path: Path) -> None:
    folder = await exported(town, tmp_path)
    resigned(folder, tmp_path, lambda manifest: manifest.pop("runs"))
    code, told = checked(folder)
    assert (code, told.startswith("manifest.json: is not what")) == (1, True)


async def test_a_folder_that_cannot_be_written_is_told(town: Town, tmp_path: Path) -> None:
    await town.finished(SCHOOLS)
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="cannot be written"):
        await export_year(keyed(town, tmp_path), Year(YEAR), tmp_path / "file" / "export")


async def test_a_year_that_nobody_knows_is_not_exported(town: Town, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no programme year 2031"):
        await export_year(keyed(town, tmp_path), Year(2031), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_is_no_public_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "public-key.json").write_text("{}")
    assert checked(tmp_path / "export")[0] == 2


async def test_a_run_before_an_upheld_appeal_and_one_after_it_start_from_other_raw_scores(
    town: Town, tmp_path: Path
) -> None:
    rules = {**policy()["scoring"], "normalisation": "mean_shift"}
    await test_appeals.preliminary(town, scoring=rules)
    await test_appeals.upheld(town)
    await town.at(AFTER_APPEALS)
    await town.published("final")
    folder = tmp_path / "export"
    await export_year(keyed(town, tmp_path), Year(YEAR), folder)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert [(run["stage"], run["scoring"]) for run in manifest["runs"]] == [
        ("preliminary", "scorings/1"),
        ("final", "scorings/2"),
    ]
    assert checked(folder)[0] == 0
    scores = [
        {
            each["reviewer"]: each["scores"]["plan"]
            for each in json.loads((folder / f"scorings/{n}/snapshot.json").read_bytes())["sheets"]
            if each["application"] == "app_6"
        }
        for n in (1, 2)
    ]
    assert not scores[0].keys() & scores[1].keys()
    assert set(scores[1].values()) == {"52.8"}
    final = json.loads((folder / manifest["runs"][1]["folder"] / "snapshot.json").read_bytes())
    assert [each["score"] for each in final["applicants"] if each["id"] == "sch_6"] == ["88.000"]
