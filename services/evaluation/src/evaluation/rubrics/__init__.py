"""The rubrics that are shipped, as files beside this one, and how a rubric is read."""

from functools import cache
from importlib import resources
from typing import Any, Final

from pydantic import TypeAdapter

from evaluation.domain.rubric import Rubrics

_RUBRICS: Final = TypeAdapter(Rubrics)


@cache
def shipped(name: str) -> Rubrics | None:
    """A default of this software by its name; None where there is no such file."""
    file = resources.files(__name__) / f"{name}.json"
    return read(name, file.read_text("utf-8")) if file.is_file() else None


def read(name: str, content: str) -> Rubrics:
    """A rubric from its JSON content (`notice`, `kinds`), checked for contradictions.

    Raises:
        pydantic.ValidationError: It is not of this form.
        Invalid: It contradicts itself; see `Rubrics.refuse`.
    """
    document: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(content)
    rubrics = _RUBRICS.validate_python({**document, "name": name})
    rubrics.refuse()
    return rubrics
