"""Printable forms, as typst sources; see `papers.letters.pdf` for what they find in `data`."""

from functools import cache
from importlib import resources


@cache
def form(name: str) -> str:
    """The source of a form: `bipartite` or `tripartite`."""
    return (resources.files("placement.texts") / f"{name}.typ").read_text("utf-8")
