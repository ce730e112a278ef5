"""What every HTTP edge of the platform needs; services take these names from here."""

from web.app import Runtime, api
from web.idempotency import sweep
from web.identity import Principal, Role, require
from web.routing import Read, Router, Tx

__all__ = ["Principal", "Read", "Role", "Router", "Runtime", "Tx", "api", "require", "sweep"]
