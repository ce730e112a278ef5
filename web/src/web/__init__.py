"""What every HTTP edge of the platform needs; services take these names from here."""

from web.app import Runtime, api
from web.idempotency import sweep
from web.identity import Principal, Role, require
from web.persons import Keys, ReadBy, Recorded
from web.routing import Read, Router, Tx

__all__ = [
    "Keys",
    "Principal",
    "Read",
    "ReadBy",
    "Recorded",
    "Role",
    "Router",
    "Runtime",
    "Tx",
    "api",
    "require",
    "sweep",
]
