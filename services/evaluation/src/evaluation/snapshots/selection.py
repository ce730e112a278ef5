"""Selection snapshots and results as JSON documents: read strictly, computed, written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from decisions.canonical import HASH_FIELD, canonical, sealed, sha256
from decisions.strict import (
    Broken,
    Fields,
    boolean,
    decimal,
    decimals,
    entries,
    integer,
    items,
    text,
    texts,
    within,
)
from evaluation.domain.selection import RULE, Award, Decision, Walk, select
from evaluation.domain.snapshot import Applicant, Policy, Quota, Snapshot, Unsupported
from evaluation.domain.vocabulary import SchoolId
from evaluation.domain.walk import walk
from evaluation.snapshots.code import code_version

KIND: Final = "selection"
COMPILED_FROM: Final = 200_000
"""Applicants from which importing numba and compiling cost less than they save."""


def parse(document: Any) -> Snapshot:
    """A selection snapshot from its JSON document.

    Raises:
        Broken: The document is not of this form; what the rule refuses is found by `compute`.
    """
    fields = Fields(document)
    fields.constant("kind", KIND)
    snapshot = Snapshot(
        programme_year=integer(*fields.take("programme_year")),
        policy=_policy(Fields(*fields.take("policy"))),
        applicants=tuple(_applicant(Fields(each, path)) for each, path in items(*fields.take("applicants"))),
        holders=_holders(*fields.take_or("holders", {})),
    )
    fields.end()
    return snapshot


def compute(snapshot: Snapshot) -> Mapping[str, Any]:
    """The result of a snapshot, without its hashes.

    Raises:
        Broken: The rule refuses the snapshot.
    """
    try:
        decisions = select(snapshot, _walk_for(snapshot))
    except Unsupported as error:
        raise Broken(error.field, error.rule, error.detail) from error
    return result_document(decision.award for decision in decisions)


@dataclass(frozen=True, slots=True)
class Decided:
    """A snapshot's decisions, with snapshot and result as the canonical bytes that are stored and hashed."""

    applicants: tuple[Applicant, ...]
    decisions: tuple[Decision, ...]
    snapshot: bytes
    snapshot_sha256: str
    result: bytes
    result_sha256: str


def decided(snapshot: Snapshot) -> Decided:
    """Decide, as `recompute` will again from the stored snapshot.

    Raises:
        Unsupported: The rule refuses the snapshot.
    """
    decisions = select(snapshot)
    document = snapshot_document(snapshot)
    hashed = sha256(document)
    awards = result_document(decision.award for decision in decisions)
    result = sealed({**awards, "snapshot_sha256": hashed})
    return Decided(
        snapshot.applicants, decisions, canonical(document), hashed, canonical(result), result[HASH_FIELD]
    )


def digest(snapshot: Snapshot) -> str:
    """The SHA-256 of a snapshot's document."""
    return sha256(snapshot_document(snapshot))


def _walk_for(snapshot: Snapshot) -> Walk:
    if len(snapshot.applicants) < COMPILED_FROM:
        return walk
    from evaluation import kernel  # noqa: PLC0415 - importing numba takes what a small snapshot can save

    return kernel.steps


def result_document(awards: Iterable[Award]) -> dict[str, Any]:
    """A result as a document, without its hashes."""
    return {
        "kind": f"{KIND}-result",
        "rule": RULE,
        "code": code_version(),
        "awards": [
            {
                "id": award.id,
                "rank": award.rank,
                "outcome": award.outcome,
                "designations": list(award.designations),
                "reserve": award.reserve,
            }
            for award in awards
        ],
    }


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """The document that `parse` reads back as the same snapshot."""
    document: dict[str, Any] = {
        "kind": KIND,
        "programme_year": snapshot.programme_year,
        "policy": policy_document(snapshot.policy),
        "applicants": [
            {
                "id": each.id,
                "kind": each.kind,
                "score": f"{each.score:f}",
                "criteria": {name: f"{value:f}" for name, value in each.criteria.items()},
                "tracks": list(each.tracks),
                "accepts_general": each.accepts_general,
                "barred": list(each.barred),
            }
            for each in snapshot.applicants
        ],
    }
    if snapshot.holders:
        document["holders"] = {school: list(held) for school, held in snapshot.holders.items()}
    return document


def policy_document(policy: Policy) -> dict[str, Any]:
    """The policy as it stands in a snapshot."""
    return {
        "seats": policy.seats,
        "designations_per_school": policy.designations_per_school,
        "pools": [list(kinds) for kinds in policy.pools],
        "quotas": [
            {
                "name": quota.name,
                "tracks": list(quota.tracks),
                "at_least": quota.at_least,
                "at_most": quota.at_most,
            }
            for quota in policy.quotas
        ],
        "cut_line": f"{policy.cut_line:f}",
        "tie_breaks": list(policy.tie_breaks),
        "lot_source": policy.lot_source,
        "lot_seed": policy.lot_seed,
    }


def _policy(fields: Fields) -> Policy:
    policy = Policy(
        seats=integer(*fields.take("seats")),
        designations_per_school=integer(*fields.take("designations_per_school")),
        pools=tuple(texts(kinds, path) for kinds, path in items(*fields.take("pools"))),
        quotas=tuple(_quota(Fields(each, path)) for each, path in items(*fields.take("quotas"))),
        cut_line=decimal(*fields.take("cut_line")),
        tie_breaks=texts(*fields.take("tie_breaks")),
        lot_source=text(*fields.take("lot_source")),
        lot_seed=text(*fields.take("lot_seed")),
    )
    fields.end()
    return policy


def _quota(fields: Fields) -> Quota:
    quota = Quota(
        name=text(*fields.take("name")),
        tracks=texts(*fields.take("tracks")),
        at_least=integer(*fields.take("at_least")),
        at_most=integer(*fields.take("at_most")),
    )
    fields.end()
    return quota


def _applicant(fields: Fields) -> Applicant:
    applicant = Applicant(
        id=SchoolId(text(*fields.take("id"))),
        kind=text(*fields.take("kind")),
        score=decimal(*fields.take("score")),
        criteria=decimals(*fields.take("criteria")),
        tracks=texts(*fields.take("tracks")),
        accepts_general=boolean(*fields.take("accepts_general")),
        barred=texts(*fields.take_or("barred", [])),
    )
    fields.end()
    return applicant


def _holders(value: object, path: str) -> dict[SchoolId, tuple[str, ...]]:
    return {SchoolId(school): texts(held, within(path, school)) for school, held in entries(value, path)}
