"""Which software made a result."""

from functools import cache
from importlib.metadata import version


@cache
def code_version() -> str:
    """The software that made a result."""
    return f"ieum-evaluation/{version('ieum-evaluation')}"
