"""What requests are made of."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from contracts import values
from evaluation.domain.intake import Participant
from evaluation.domain.runs import Digests, Proposable
from evaluation.domain.vocabulary import (
    ApplicationId,
    Kind,
    OfferId,
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
    kind: Kind = Field(default=Kind.CONTINUING, examples=["continuing"])
    designations: Annotated[list[values.Track], Field(max_length=16)] = []


class ParticipantsBody(Body):
    """Who took part in a year before this software."""

    participants: Annotated[list[ParticipantBody], Field(max_length=5000)]

    def all(self) -> list[Participant]:
        return [
            Participant(SchoolId(each.school), each.kind, tuple(each.designations))
            for each in self.participants
        ]


LotSeed = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The outcome of the drawing that the policy names, as it was published",
        examples=["3-11-19-24-38-41"],
    ),
]


class LotBody(Body):
    lot_seed: LotSeed


class ProposalBody(Body):
    """A promotion is no proposal: it follows by itself from what falls free."""

    stage: Proposable = Field(examples=["preliminary"])


class ApprovalBody(Body):
    """What was read and is approved; the lot as the approving officer finds it at its public source."""

    snapshot_sha256: values.Sha256
    result_sha256: values.Sha256
    lot_seed: LotSeed

    def digests(self) -> Digests:
        return Digests(self.snapshot_sha256, self.result_sha256)


class ReasonBody(Body):
    reason: values.Reason = Field(examples=["too_few_students"])
