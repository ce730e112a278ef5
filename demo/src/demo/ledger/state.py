"""The rows of each service's domain that the ledger is compared with: a name, and what reads them."""

from collections.abc import Mapping
from typing import Final

STATE: Final[Mapping[str, Mapping[str, str]]] = {
    "applications": {
        "school": "select id, state from school",
        "application": "select id, school, kind, state, version, receipt, accepted_at from application",
    },
    "evaluation": {},
    "placement": {},
    "notifications": {},
}
