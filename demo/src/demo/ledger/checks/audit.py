"""The eighth: no row of an audit log was changed, added, moved or removed since it was written."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from contracts.audit import SEALED
from demo.ledger import chain
from demo.ledger.chain import Head, Log
from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Evidence, Told
from demo.report.story import Check

_TOLD_AS: Final = {kind.type: kind for kind in SEALED}


def audit_chains_hold(evidence: Evidence) -> Check:
    """Each log against its chain, and each chain against the heads on the topics and with their readers."""
    found = Findings()
    told = _told(evidence.told)
    rows = links = 0
    for service, database in evidence.databases.items():
        heads = {head for head in told if head.service == service}
        rows, links = rows + len(database.audit.rows), links + len(database.audit.links)
        _rows(service, database.audit, found)
        _links(service, database.audit, heads, found)
        _kept(service, evidence, heads, found)
    found.count(
        f"감사 기록 {rows:,}행과 네 사슬의 고리 {links:,}개",
        f"{rows:,} audit rows with {links:,} links of four chains",
    )
    found.count(
        f"주제에 알린 사슬 끝 {len(told):,}개와 이를 보관한 서비스의 기록",
        f"{len(told):,} heads on the topics with the chains and with those who keep them",
    )
    return found.check(
        8,
        "감사 기록의 사슬이 온전하고 알린 끝과 같음",
        "Every audit log is as its chain of hashes says, and the chain as its heads were told",
    )


def _told(told: Iterable[Told]) -> frozenset[Head]:
    return frozenset(
        Head(
            event.data["service"],
            event.data["position"],
            event.data["head"],
            datetime.fromisoformat(event.data["told_at"]),
        )
        for event in told
        if event.envelope.type in _TOLD_AS
    )


def _rows(service: str, log: Log, found: Findings) -> None:
    """Every row is sealed once, as it stands; every seal has its row."""
    sealed = {link.row: link for link in log.links}
    if len(sealed) != len(log.links):
        found.differ(f"{service}: {len(log.links)} links seal {len(sealed)} rows")
    for row in log.rows.keys() - sealed.keys():
        found.differ(f"{service}: audit row {row} is not sealed")
    for row, link in sealed.items():
        if row not in log.rows:
            found.differ(f"{service}: audit row {row}, sealed at {link.position}, is missing")
        elif chain.hash_of(log.rows[row]) != link.row_sha256:
            found.differ(f"{service}: audit row {row} is not what was sealed at {link.position}")


def _links(service: str, log: Log, told: Iterable[Head], found: Findings) -> None:
    """The chain has no gap, each head follows from the one before, and those that were told are in it."""
    heads: dict[int, str] = {}
    before = chain.FIRST
    for expected, link in enumerate(log.links, start=1):
        if link.position != expected:
            found.differ(f"{service}: link {link.position} of its audit chain where {expected} should come")
        elif link.head != chain.head_over(link, before):
            found.differ(f"{service}: link {link.position} of its audit chain does not follow from the last")
        heads[link.position] = before = link.head
    _in_chain(service, heads, told, found)


def _in_chain(service: str, heads: Mapping[int, str], told: Iterable[Head], found: Findings) -> None:
    told = list(told)
    if heads and not told:
        found.differ(f"{service}: no head of its audit chain was told")
    for head in told:
        if heads.get(head.position) != head.head:
            found.differ(f"{service}: another head was told at {head.position} than its audit chain has")


def _kept(service: str, evidence: Evidence, told: Iterable[Head], found: Findings) -> None:
    """Who reads the heads of a log, and the service itself, keeps those that were told and no others."""
    told = set(told)
    [readers] = [kind.read_by for kind in SEALED if kind.topic.emitted_by == service]
    for keeper in (service, *readers):
        kept = {head for head in evidence.databases[keeper].audit.heads if head.service == service}
        for head in kept ^ told:
            what = "was told and is not kept" if head in told else "is kept and was not told"
            found.differ(f"{keeper}: the head of {service} at {head.position} {what}")
