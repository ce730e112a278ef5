"""Templates of what is printed, as files beside this one."""

from functools import cache
from importlib import resources


@cache
def template(name: str) -> str:
    """The typst source of a letter."""
    return (resources.files(__name__) / f"{name}.typ").read_text("utf-8")
