"""Who may ask what here."""

from typing import Annotated

from fastapi import Depends

from evaluation.domain.vocabulary import ReviewerId, SchoolId
from web import Principal, Role, require

Anyone = Annotated[Principal, Depends(require())]
Officer = Annotated[Principal, Depends(require(Role.OFFICER))]
Overseer = Annotated[Principal, Depends(require(Role.OFFICER, Role.AUDITOR))]
_School = Annotated[Principal, Depends(require(Role.SCHOOL))]
_Reviewer = Annotated[Principal, Depends(require(Role.REVIEWER))]
_Reader = Annotated[Principal, Depends(require(Role.SCHOOL, Role.OFFICER, Role.AUDITOR))]


async def own_school(caller: _School) -> SchoolId:
    """The school that a member of its staff acts for."""
    return SchoolId(caller.acts_for())


async def own_reviews(caller: _Reviewer) -> ReviewerId:
    """The reviewer who asks."""
    return ReviewerId(caller.acts_for())


async def confined_to(caller: _Reader) -> SchoolId | None:
    """The one school whose data the caller sees; None for officers and auditors, who see all."""
    if caller.roles & {Role.OFFICER, Role.AUDITOR}:
        return None
    return SchoolId(caller.acts_for())


OwnSchool = Annotated[SchoolId, Depends(own_school)]
OwnReviews = Annotated[ReviewerId, Depends(own_reviews)]
Confined = Annotated[SchoolId | None, Depends(confined_to)]
