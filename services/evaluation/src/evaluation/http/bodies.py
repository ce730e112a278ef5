"""What requests are made of."""

from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from contracts import values
from evaluation.domain.intake import Participant
from evaluation.domain.reviewing import Reviewer
from evaluation.domain.runs import Digests, Proposable
from evaluation.domain.scoring import Sheet
from evaluation.domain.vocabulary import (
    ApplicationId,
    Kind,
    OfferId,
    ReviewerId,
    RunId,
    SchoolId,
    Year,
)

YearPath = Annotated[Year, Path(ge=2008, le=2999)]
RunPath = Annotated[RunId, Path(max_length=64)]
OfferPath = Annotated[OfferId, Path(max_length=64)]
SchoolPath = Annotated[SchoolId, Path(max_length=64)]
ApplicationPath = Annotated[ApplicationId, Path(max_length=64)]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParticipantBody(Body):
    school: values.SchoolId
    kind: Kind = Kind.CONTINUING
    designations: Annotated[list[values.Track], Field(max_length=16)] = []


class ParticipantsBody(Body):
    """Who took part in a year before this software."""

    participants: Annotated[list[ParticipantBody], Field(max_length=5000)]

    def all(self) -> list[Participant]:
        return [
            Participant(SchoolId(each.school), each.kind, tuple(each.designations))
            for each in self.participants
        ]


class ReviewerBody(Body):
    id: values.ReviewerId
    school: values.SchoolId | None = Field(default=None, description="The school they belong to")
    province: values.Province | None = Field(default=None, examples=["seoul"])

    def reviewer(self) -> Reviewer:
        school = None if self.school is None else SchoolId(self.school)
        return Reviewer(ReviewerId(self.id), school, self.province)


class ReviewersBody(Body):
    reviewers: Annotated[list[ReviewerBody], Field(min_length=1, max_length=1000)]

    def all(self) -> list[Reviewer]:
        return [
            Reviewer(
                ReviewerId(each.id), None if each.school is None else SchoolId(each.school), each.province
            )
            for each in self.reviewers
        ]


Scores = Annotated[
    dict[values.Code, values.DecimalText],
    Field(
        max_length=64,
        description="Each criterion's score, by its name",
        examples=[{"operation_plan": "8.5", "industry_fit": "9"}],
    ),
]


class ScoresBody(Body):
    scores: Scores

    def sheet(self, application: ApplicationId, reviewer: ReviewerId) -> Sheet:
        return Sheet(application, reviewer, {name: Decimal(score) for name, score in self.scores.items()})


class SheetBody(ScoresBody):
    application: values.ApplicationId


class SheetsBody(Body):
    """A reviewer's whole stack; all of it is taken in or nothing."""

    sheets: Annotated[list[SheetBody], Field(min_length=1, max_length=2000)]

    def all(self, reviewer: ReviewerId) -> list[Sheet]:
        return [each.sheet(ApplicationId(each.application), reviewer) for each in self.sheets]


class LotBody(Body):
    lot_seed: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The outcome of the drawing that the policy names, as it was published",
        examples=["3-11-19-24-38-41"],
    )


class ProposalBody(Body):
    """A promotion is no proposal: it follows by itself from what falls free."""

    stage: Proposable = Field(examples=["preliminary"])


class ApprovalBody(Body):
    """What was read and is approved."""

    snapshot_sha256: values.Sha256
    result_sha256: values.Sha256

    def digests(self) -> Digests:
        return Digests(self.snapshot_sha256, self.result_sha256)


class ReasonBody(Body):
    reason: values.Reason = Field(examples=["too_few_students"])
