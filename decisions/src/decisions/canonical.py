"""Canonical JSON (RFC 8785) and the hashes taken over it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

HASH_FIELD = "result_sha256"


def canonical(document: Any) -> bytes:
    """The RFC 8785 form of a JSON document, UTF-8.

    Raises:
        ValueError: An integer beyond 2**53 - 1, a number that is not finite or a lone surrogate.
    """
    return rfc8785.dumps(document)


def sha256(document: Any) -> str:
    """SHA-256 over the canonical form, 64 lower-case hex digits."""
    return hashlib.sha256(canonical(document)).hexdigest()


def result_sha256(result: Mapping[str, Any]) -> str:
    """The hash of a result: over all of it but the field that holds the hash."""
    return sha256({name: value for name, value in result.items() if name != HASH_FIELD})


def sealed(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with its own hash in `result_sha256`."""
    return {**result, HASH_FIELD: result_sha256(result)}
