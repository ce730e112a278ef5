"""Holds the audit log against its seals, and its seals against the heads that were told."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from chassis.sealing import BEFORE_ALL, COLUMNS, Head, head_after, row_sha256
from chassis.transaction import ReadTransaction

Rule = Literal[
    "row_changed",
    "row_missing",
    "rows_swapped",
    "seal_missing",
    "seal_changed",
    "head_differs",
    "head_unknown",
]
AT_ONCE: Final = 5000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: which rule is broken, at which position of the chain, by which audit row or rows."""

    rule: Rule
    position: int
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        rows = f", row {' and '.join(map(str, self.rows))}" if self.rows else ""
        return f"{self.rule} at position {self.position}{rows}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification came to; `unsealed` rows wait for the sealer."""

    head: Head | None
    unsealed: int
    held: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Walk:
    """The chain as it is walked, in the order of its positions."""

    position: int = 0
    last: str = BEFORE_ALL
    findings: list[Finding] = field(default_factory=list)
    broken: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def step(self, seal: Mapping[str, Any]) -> None:
        expected = self.position + 1
        if seal["position"] != expected:
            self.findings.append(Finding("seal_missing", expected))
        elif seal["head"] != head_after(seal["position"], seal["row_sha256"], self.last):
            self.findings.append(Finding("seal_changed", seal["position"], (seal["audit"],)))
        if seal["id"] is None:
            self.findings.append(Finding("row_missing", seal["position"], (seal["audit"],)))
        elif row_sha256(seal) != seal["row_sha256"]:
            self.broken[seal["audit"]] = dict(seal)
        # Goes on from what stands there, so that one broken link is told once.
        self.position, self.last = seal["position"], seal["head"]

    def told(self) -> Iterable[Finding]:
        yield from self.findings
        swapped: set[int] = set()
        for audit, seal in self.broken.items():
            if audit in swapped:
                continue
            other = self._swapped_with(audit, seal)
            if other is None:
                yield Finding("row_changed", seal["position"], (audit,))
            else:
                swapped.add(other)
                yield Finding("rows_swapped", seal["position"], (audit, other))

    def _swapped_with(self, audit: int, seal: Mapping[str, Any]) -> int | None:
        """The row that now holds what this one held when it was sealed, and the other way round."""
        for other, its in self.broken.items():
            if (
                other != audit
                and row_sha256({**its, "id": audit}) == seal["row_sha256"]
                and row_sha256({**seal, "id": other}) == its["row_sha256"]
            ):
                return other
        return None


async def verify(tx: ReadTransaction, service: str, held: Sequence[Head] = ()) -> Verified:
    """Verify the whole log of `service`.

    Args:
        tx: one state of its database.
        service: whose log it is.
        held: heads of it that others kept; those it told itself are taken from its database.
    """
    walk = _Walk()
    own = [
        Head(row["position"], row["head"])
        for row in await tx.fetch(
            "select position, head from messaging.audit_head where service = $1", service
        )
    ]
    wanted = Counter([*own, *held])
    heads: dict[int, str] = {}
    positions = {each.position for each in wanted}
    async for seal in _seals(tx):
        walk.step(seal)
        if seal["position"] in positions:
            heads[seal["position"]] = seal["head"]
    findings = [*walk.told(), *_differing(wanted, heads)]
    return Verified(
        head=Head(walk.position, walk.last) if walk.position else None,
        unsealed=await tx.fetchval(_UNSEALED),
        held=len(wanted),
        findings=tuple(sorted(findings, key=lambda each: each.position)),
    )


def _differing(wanted: Iterable[Head], heads: Mapping[int, str]) -> Iterable[Finding]:
    """Heads that were told and are not the chain's: rewritten, or cut off at its end."""
    for each in wanted:
        if each.position not in heads:
            yield Finding("head_unknown", each.position)
        elif heads[each.position] != each.head:
            yield Finding("head_differs", each.position)


async def _seals(tx: ReadTransaction) -> AsyncIterator[Mapping[str, Any]]:
    last = 0
    while True:
        rows = await tx.fetch(_SEALS, last, AT_ONCE)
        for row in rows:
            yield dict(row)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]["position"]


_SEALS: Final = f"""
select s.position, s.audit, s.row_sha256, s.head, a.* from messaging.audit_seal s
left join lateral (select {COLUMNS} from messaging.audit where id = s.audit) a on true
where s.position > $1 order by s.position limit $2
"""
_UNSEALED: Final = """
select count(*) from messaging.audit a
where not exists (select from messaging.audit_seal s where s.audit = a.id)
"""
