"""The rows there are, and how they are measured one after the other."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

from benchmarks import inbox, matching, matching_round, recompute, relay, selection
from benchmarks.measure import Comparison, Finding, Tick, compare
from benchmarks.sizes import Sizes
from benchmarks.stand import Stand

Compared = AbstractAsyncContextManager[Sequence[Comparison]]
Announce = Callable[[str, int], Tick]
"""Told a row's name and how many runs it has, once it is prepared; answers whom to tell of each."""
Standing = Callable[[], AbstractAsyncContextManager[Stand]]
"""Starts the servers, or finds them started."""

ON_ARRAYS: Final[dict[str, Callable[[Sizes], Compared]]] = {
    "selection": selection.compared,
    "matching": matching.compared,
    "recompute": recompute.compared,
}
ON_SERVERS: Final[dict[str, Callable[[Stand, Sizes], Compared]]] = {
    "relay": relay.compared,
    "inbox": inbox.compared,
    "round": matching_round.compared,
}
NAMES: Final = (*ON_ARRAYS, *ON_SERVERS)


async def measured(
    names: Sequence[str], sizes: Sizes, standing: Standing, announce: Announce
) -> list[Finding]:
    """What came of the rows of these names, in the order of `NAMES`.

    What needs the processor alone comes first: servers that idle beside it would be heard.
    """
    found = []
    for name, on_arrays in ON_ARRAYS.items():
        if name in names:
            found += await _row(name, on_arrays(sizes), sizes, announce)
    if ON_SERVERS.keys() & set(names):
        async with standing() as stand:
            for name, on_servers in ON_SERVERS.items():
                if name in names:
                    found += await _row(name, on_servers(stand, sizes), sizes, announce)
    return found


async def _row(name: str, compared: Compared, sizes: Sizes, announce: Announce) -> list[Finding]:
    async with compared as comparisons:
        tick = announce(name, sum(comparison.runs(sizes.rounds) for comparison in comparisons))
        found = [await compare(comparison, sizes.rounds, tick) for comparison in comparisons]
    # The targets speak of the full sizes; small ones have other costs.
    return found if sizes.are_full else [replace(finding, target=None) for finding in found]
