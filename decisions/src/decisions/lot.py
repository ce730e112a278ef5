"""The lot: the order that settles what no criterion can."""

import hashlib


def position(seed: str, identity: str) -> str:
    """Where an id stands by lot: 64 lower-case hex digits, the smallest comes first.

    The seed is the outcome of the public drawing that the policy named before the ids were given.
    """
    return hashlib.sha256(f"{seed}:{identity}".encode()).hexdigest()
