"""How many applications a refusal is about, and which."""

from collections.abc import Sequence
from typing import Final

from evaluation.domain.vocabulary import ApplicationId

NAMED_AT_MOST: Final = 10
"""Applications that a refusal names."""


def naming(applications: Sequence[ApplicationId], what: str) -> str:
    """How many applications it is about, and the first of them by id."""
    return f"{len(applications)} applications {what}: {', '.join(applications[:NAMED_AT_MOST])}"
