"""What is imported when it is first needed, so that a command costs what it needs itself and no more.

It is named as `pyproject.toml` names a console script: `package.module:name`.
"""

import gc
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any, Final, TypeVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

T = TypeVar("T")
Commands = Callable[..., None] | typer.Typer

PLAIN: Final[Mapping[str, Any]] = {"pretty_exceptions_enable": False, "add_completion": False}


def part(where: T | str) -> T:
    """The part itself, imported where `where` only names it."""
    if not isinstance(where, str):
        return where
    with _nothing_collected():
        named: T = resolve_name(where)
    return named


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """What an import makes stays: looking for garbage in it takes a seventh of its time, and finds none."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def command_line(name: str, commands: Mapping[str, Callable[[], Commands]]) -> typer.Typer:
    """A command line that makes a command, or a group of them, when it is asked for; its help makes all."""

    class Lazily(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Made(commands)

    app = typer.Typer(name=name, cls=Lazily, no_args_is_help=True, **PLAIN)
    app.callback()(_nothing)
    return app


def group(about: str) -> typer.Typer:
    """Commands that stand together under one name of a command line."""
    return typer.Typer(help=about, no_args_is_help=True, **PLAIN)


def _nothing() -> None:
    pass


class _Made(UserDict[str, Any]):
    """Commands as typer wants them, made of what was given."""

    def __getitem__(self, name: str) -> Any:
        made = super().__getitem__(name)()
        if not isinstance(made, typer.Typer):
            app = typer.Typer(**PLAIN)
            app.command(name=name)(made)
            made = app
        command = get_command(made)
        command.name = name
        return command
