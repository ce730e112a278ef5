"""The rubrics that are shipped, as files beside this one, and how a rubric is read."""

from functools import cache
from importlib import resources
from typing import Final

from evaluation.domain import rubric_checks
from evaluation.domain.rubric import Rubrics
from evaluation.rubrics.form import RubricForm

SHIPPED_VERSION: Final = 1
"""Versions that officers save of a shipped rubric count on from here."""


@cache
def shipped(name: str) -> Rubrics | None:
    """A default of this software by its name; None where there is no such file."""
    file = resources.files(__name__) / f"{name}.json"
    return read(name, SHIPPED_VERSION, file.read_text("utf-8")) if file.is_file() else None


def read(name: str, version: int, content: str) -> Rubrics:
    """A rubric from its JSON content (`notice`, `kinds`), checked for contradictions.

    Raises:
        pydantic.ValidationError: It is not of this form.
        Invalid: It contradicts itself; see `rubric_checks.refuse`.
    """
    rubrics = RubricForm.model_validate_json(content).rubrics(name, version)
    rubric_checks.refuse(rubrics)
    return rubrics
