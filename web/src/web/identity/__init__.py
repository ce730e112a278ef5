"""Who is asking: bearer tokens, roles, and the party somebody acts for."""

from web.identity.keys import KeyFile
from web.identity.principal import IdentityUnavailable, Principal, Role, Unauthenticated
from web.identity.required import Requirement, authenticate, require
from web.identity.tokens import LEEWAY, Verifier

__all__ = [
    "LEEWAY",
    "IdentityUnavailable",
    "KeyFile",
    "Principal",
    "Requirement",
    "Role",
    "Unauthenticated",
    "Verifier",
    "authenticate",
    "require",
]
