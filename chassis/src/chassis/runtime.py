"""What a running service hands to its parts, and what such parts look like."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from chassis.health import Health
from chassis.keyring import Keyring
from chassis.transaction import Pool


@dataclass(slots=True)
class Runtime:
    """What a running service hands to its parts; `keys` where it has sealed columns."""

    settings: Any
    pool: Pool
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    health: Health = field(default_factory=Health)
    keys: Keyring | None = None

    @property
    def keyring(self) -> Keyring:
        if self.keys is None:
            raise RuntimeError("a service that seals columns names them in Service(sealed=…)")
        return self.keys


Worker = Callable[[Runtime], Coroutine[Any, Any, None]]
Inside = Callable[[Callable[[Runtime], Awaitable[None]]], None]
"""Runs a command's work with the service's settings and database, and says in a line what goes wrong."""
Api = Callable[[Runtime], ASGIApp]
