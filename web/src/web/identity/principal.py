"""Who is asking: roles, and the party somebody acts for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from chassis.refusals import NotAllowed, Refusal


class Role(StrEnum):
    OFFICER = "officer"
    SCHOOL = "school"
    COMPANY = "company"
    STUDENT = "student"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    AGENCY = "agency"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: `sub` a pseudonym, `party` the school, company, student or agency it acts for."""

    sub: str
    roles: frozenset[Role]
    party: str | None = None

    def acts_for(self) -> str:
        """The party.

        Raises:
            NotAllowed: rule `party_missing`.
        """
        if self.party is None:
            raise NotAllowed(
                "party_missing", "The token's party must be the one that is acted for", "token.party"
            )
        return self.party

    def must_be(self, party: str, *exempt: Role, otherwise: Refusal | None = None) -> None:
        """Refuse unless the caller acts for `party` or has one of the `exempt` roles.

        `otherwise` is raised instead where even the existence of the thing must not be told, for example
        `NotFound("application_not_found", …)`.

        Raises:
            NotAllowed: rule `not_your_own`.
        """
        if self.party == party or self.roles.intersection(exempt):
            return
        raise otherwise or NotAllowed(
            "not_your_own",
            "The token's party is not the one whose data this is: party must be its owner",
            "token.party",
        )


class Unauthenticated(Refusal):
    """The bearer token is missing or does not hold; `web` answers 401 with `WWW-Authenticate`."""

    status: ClassVar[int] = 401

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(rule, detail, "header.Authorization")


class IdentityUnavailable(Exception):  # noqa: N818 - a state of things, told as 503
    """There are no keys to verify tokens with."""
