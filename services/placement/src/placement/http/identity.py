"""Who may ask what here."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from chassis.refusals import NotAllowed
from placement.domain.vocabulary import CompanyId, OverBy, SchoolId, Side, StudentId
from web import Principal, Role, require

Anyone = Annotated[Principal, Depends(require())]
Officer = Annotated[Principal, Depends(require(Role.OFFICER))]
Overseer = Annotated[Principal, Depends(require(Role.OFFICER, Role.AUDITOR))]
Registrant = Annotated[Principal, Depends(require(Role.COMPANY))]
_School = Annotated[Principal, Depends(require(Role.SCHOOL))]
_Company = Annotated[Principal, Depends(require(Role.COMPANY))]
_Student = Annotated[Principal, Depends(require(Role.STUDENT))]
_Organisation = Annotated[Principal, Depends(require(Role.SCHOOL, Role.COMPANY))]
_Signatory = Annotated[Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.STUDENT))]
_OrganisationOrOfficer = Annotated[Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.OFFICER))]
_AnyoneInvolved = Annotated[
    Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.STUDENT, Role.OFFICER))
]
_Reader = Annotated[
    Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.STUDENT, Role.OFFICER, Role.AUDITOR))
]
_OrganisationReader = Annotated[
    Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.OFFICER, Role.AUDITOR))
]
_CompanyReader = Annotated[Principal, Depends(require(Role.COMPANY, Role.OFFICER, Role.AUDITOR))]
_SchoolReader = Annotated[Principal, Depends(require(Role.SCHOOL, Role.OFFICER, Role.AUDITOR))]

OVERSEERS = frozenset({Role.OFFICER, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Signatory:
    """A party of agreements: which side it is, and its id."""

    side: Side
    party: str


@dataclass(frozen=True, slots=True)
class Ender:
    """Who puts an end to an agreement: a party of it, or an officer, who is none (`party` is None)."""

    by: OverBy
    party: str | None


async def own_school(caller: _School) -> SchoolId:
    """The school that a member of its staff acts for."""
    return SchoolId(caller.acts_for())


async def own_company(caller: _Company) -> CompanyId:
    """The company that somebody acts for."""
    return CompanyId(caller.acts_for())


async def own_student(caller: _Student) -> StudentId:
    """The student who asks."""
    return StudentId(caller.acts_for())


async def organisation(caller: _Organisation) -> Signatory:
    """The school or company that somebody acts for."""
    return acting_as(caller)


async def signatory(caller: _Signatory) -> Signatory:
    """The school, company or student that somebody acts for."""
    return acting_as(caller)


async def organisation_or_officer(caller: _OrganisationOrOfficer) -> Ender:
    """The school or company that somebody acts for, or an officer."""
    return _ender(caller)


async def anyone_involved(caller: _AnyoneInvolved) -> Ender:
    """The school, company or student that somebody acts for, or an officer."""
    return _ender(caller)


async def confined_to(caller: _Reader) -> Signatory | None:
    """The one party whose data the caller sees; None for officers and auditors, who see all."""
    return None if caller.roles & OVERSEERS else acting_as(caller)


async def confined_organisation(caller: _OrganisationReader) -> Signatory | None:
    """As `confined_to`, where students have nothing to see."""
    return None if caller.roles & OVERSEERS else acting_as(caller)


async def confined_company(caller: _CompanyReader) -> CompanyId | None:
    """The one company whose data the caller sees; None for officers and auditors, who see all."""
    return None if caller.roles & OVERSEERS else CompanyId(caller.acts_for())


async def confined_school(caller: _SchoolReader) -> SchoolId | None:
    """The one school whose data the caller sees; None for officers and auditors, who see all."""
    return None if caller.roles & OVERSEERS else SchoolId(caller.acts_for())


def acting_as(caller: Principal) -> Signatory:
    """The one side that somebody acts for, by the token's roles."""
    sides = [side for side in Side if Role(side) in caller.roles]
    if len(sides) != 1:
        raise NotAllowed(
            "one_side", "The token's roles must have exactly one of school, company, student", "token.roles"
        )
    return Signatory(sides[0], caller.acts_for())


def _ender(caller: Principal) -> Ender:
    if Role.OFFICER in caller.roles:
        return Ender(OverBy.OFFICER, None)
    signs = acting_as(caller)
    return Ender(OverBy(signs.side.value), signs.party)


School = Annotated[SchoolId, Depends(own_school)]
Company = Annotated[CompanyId, Depends(own_company)]
Student = Annotated[StudentId, Depends(own_student)]
Organisation = Annotated[Signatory, Depends(organisation)]
AnyParty = Annotated[Signatory, Depends(signatory)]
OrganisationOrOfficer = Annotated[Ender, Depends(organisation_or_officer)]
AnyoneInvolved = Annotated[Ender, Depends(anyone_involved)]
Confined = Annotated[Signatory | None, Depends(confined_to)]
ConfinedOrganisation = Annotated[Signatory | None, Depends(confined_organisation)]
ConfinedCompany = Annotated[CompanyId | None, Depends(confined_company)]
ConfinedSchool = Annotated[SchoolId | None, Depends(confined_school)]
