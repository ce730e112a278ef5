"""Checks an export with nothing but its files: signature, hashes, results, and what each starts from."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from chassis.signing import PublicKey
from decisions import strict
from decisions.recompute import decide, difference_from
from decisions.strict import Broken
from evaluation.snapshots import scoring, selection

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
PUBLIC_KEY: Final = "public-key.json"
_BESIDE: Final = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY})


def check(files: Mapping[str, bytes], key: PublicKey) -> Iterator[str]:
    """What is wrong with an export, a line for each finding; none when all of it holds."""
    missing = sorted(_BESIDE - files.keys())
    if missing:
        yield from (f"{name}: is missing" for name in missing)
        return
    if not signed_with(files, key):
        yield f"{SIGNATURE}: the manifest is not signed with the key {key.kid}"
        return
    try:
        yield from _content(files, json.loads(files[MANIFEST]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Only somebody who signs with the key that is trusted here comes this far.
        yield f"{MANIFEST}: is not what an export's manifest looks like: {type(error).__name__} {error}"


def signed_with(files: Mapping[str, bytes], key: PublicKey) -> bool:
    """Whether the owner of the key signed the manifest; False also where one of both is missing."""
    return key.signed(files.get(MANIFEST, b""), _signature(files.get(SIGNATURE, b"")))


def _content(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    differing = list(_hashes(files, manifest["files"]))
    if differing:
        yield from differing
        return
    for folder in sorted({name.rpartition("/")[0] for name in manifest["files"]}):
        yield from _recomputed(files, folder)
    for run in manifest["runs"]:
        yield from _origin(files, run)
        yield from _told(files, run["folder"])


def _signature(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), validate=True)
    except binascii.Error:
        return b""


def _hashes(files: Mapping[str, bytes], expected: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(expected):
        if name not in files:
            yield f"{name}: is missing"
        elif hashlib.sha256(files[name]).hexdigest() != expected[name]:
            yield f"{name}: is not what the manifest names"
    for name in sorted(files.keys() - expected.keys() - _BESIDE):
        yield f"{name}: the manifest does not name it"


def _recomputed(files: Mapping[str, bytes], folder: str) -> Iterator[str]:
    """The result of a folder against what its snapshot gives."""
    name = f"{folder}/result.json"
    try:
        document = strict.loads(files[f"{folder}/snapshot.json"])
        parse, compute = _OF[document["kind"]]
        difference = difference_from(strict.loads(files[name]), decide(document, parse, compute))
    except (Broken, KeyError, TypeError) as error:
        yield f"{folder}: cannot be worked out again: {error}"
        return
    if difference is not None:
        yield f"{name}: {difference.field}: differs: {difference.detail}"


_OF: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Mapping[str, Any]]]]] = {
    selection.KIND: (selection.parse, selection.compute),
    scoring.KIND: (scoring.parse, scoring.compute),
}


def _origin(files: Mapping[str, bytes], run: Mapping[str, Any]) -> Iterator[str]:
    """Whether a run starts from totals that raw scores come to."""
    if run["scoring"] is None:
        yield f"{run['folder']}: no scoring comes to the totals that it starts from"
        return
    snapshot, result = files[f"{run['folder']}/snapshot.json"], files[f"{run['scoring']}/result.json"]
    if not starts_from(snapshot, result):
        yield f"{run['folder']}/snapshot.json: its scores are not those of {run['scoring']}"


def starts_from(snapshot: bytes, result: bytes) -> bool:
    """Whether every applicant of a selection snapshot has the total of a scoring result, part by part."""
    totals = {each["school"]: each for each in json.loads(result)["totals"]}
    return all(_same(each, totals.get(each["id"])) for each in json.loads(snapshot)["applicants"])


def _same(applicant: Mapping[str, Any], total: Mapping[str, Any] | None) -> bool:
    return (
        total is not None
        and Decimal(applicant["score"]) == Decimal(total["total"])
        and _decimals(applicant["criteria"]) == _decimals(total["parts"])
        and set(total["barred"]) <= set(applicant.get("barred", ()))
    )


def _decimals(texts: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in texts.items()}


def _told(files: Mapping[str, bytes], folder: str) -> Iterator[str]:
    """Whether every school was told what the run decided."""
    name = f"{folder}/explanations.json"
    told = {each["school"]: each["facts"] for each in json.loads(files[name])}
    awards = {each["id"]: each for each in json.loads(files[f"{folder}/result.json"])["awards"]}
    for school in sorted(told.keys() ^ awards.keys()):
        yield f"{name}: {school} stands in one of explanations and result alone"
    for school in sorted(told.keys() & awards.keys()):
        for field in ("rank", "outcome", "designations", "reserve"):
            if told[school][field] != awards[school][field]:
                yield f"{name}: {school}: {field} is not what the result says"
