"""What requests about reviewers and their work are made of."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, Field

from contracts import values
from evaluation.domain.reviewers import Affiliation, Reviewer
from evaluation.domain.scoring import Sheet
from evaluation.domain.vocabulary import ApplicationId, Kind, ReviewerId, ReviewStage, SchoolId
from evaluation.handlers.assigning import Wish
from evaluation.http.bodies import Body
from evaluation.store.sheets import Filled

ReviewerPath = Annotated[ReviewerId, Path(max_length=64)]
KindPath = Annotated[Kind, Path()]
StagePath = Annotated[ReviewStage, Path()]

Corporation = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="A school corporation, spelled alike wherever it is named",
        examples=["한빛학원"],
    ),
]
Comment = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


class AffiliationBody(Body):
    """Where a reviewer belongs or belonged; at least one of school, corporation and province."""

    school: values.SchoolId | None = None
    corporation: Corporation | None = None
    province: values.Province | None = None
    since: date | None = Field(default=None, examples=["2019-03-01"])
    until: date | None = Field(
        default=None, description="First day on which it holds no longer", examples=["2024-03-01"]
    )

    def affiliation(self) -> Affiliation:
        school = None if self.school is None else SchoolId(self.school)
        return Affiliation(school, self.corporation, self.province, self.since, self.until)


class ProfileBody(Body):
    """A reviewer's entry in the pool."""

    province: values.Province | None = Field(
        default=None, description="Where they live and work", examples=["seoul"]
    )
    tracks: Annotated[list[values.Track], Field(max_length=16)] = Field(
        default=[], description="Tracks they know", examples=[["new_technology"]]
    )
    fields: Annotated[list[values.Code], Field(max_length=16)] = Field(
        default=[], description="Streams of schools they know", examples=[["industrial"]]
    )
    capacity: int | None = Field(
        default=None, ge=1, le=10_000, description="Applications they take at once", examples=[20]
    )
    available: bool = Field(default=True, description="Whether they take new ones", examples=[True])
    affiliations: Annotated[list[AffiliationBody], Field(max_length=64)] = Field(default=[])

    def reviewer(self, reviewer: ReviewerId) -> Reviewer:
        return Reviewer(
            id=reviewer,
            province=self.province,
            tracks=frozenset(self.tracks),
            fields=frozenset(self.fields),
            capacity=self.capacity,
            available=self.available,
            affiliations=tuple(each.affiliation() for each in self.affiliations),
        )


class ReviewerBody(ProfileBody):
    id: values.ReviewerId


class ReviewersBody(Body):
    reviewers: Annotated[list[ReviewerBody], Field(min_length=1, max_length=1000)]

    def all(self) -> list[Reviewer]:
        return [each.reviewer(ReviewerId(each.id)) for each in self.reviewers]


class CorporationBody(Body):
    school: values.SchoolId
    corporation: Corporation


class CorporationsBody(Body):
    """Which corporations run schools."""

    schools: Annotated[list[CorporationBody], Field(min_length=1, max_length=5000)]

    def all(self) -> dict[SchoolId, str]:
        return {SchoolId(each.school): each.corporation for each in self.schools}


class ConflictsBody(Body):
    """Schools that a reviewer has an interest in, and of which kind."""

    schools: Annotated[list[values.SchoolId], Field(min_length=1, max_length=500)]
    reason: values.Reason = Field(examples=["kinship", "consulting"])

    def all(self) -> list[SchoolId]:
        return [SchoolId(each) for each in self.schools]


class RecusalBody(Body):
    reason: values.Reason = Field(examples=["kinship", "consulting"])


class ReleaseBody(Body):
    """What is taken away from a reviewer; all that is unfinished where nothing is named."""

    applications: Annotated[list[values.ApplicationId], Field(min_length=1, max_length=2000)] | None = None
    reason: values.Reason = Field(examples=["late", "ill"])

    def all(self) -> list[ApplicationId] | None:
        return None if self.applications is None else [ApplicationId(each) for each in self.applications]


class AssignmentBody(Body):
    """How the open stages of a year are given their reviewers."""

    due_at: AwareDatetime | None = Field(
        default=None,
        description="First moment too late to score; by default the policy's `scoring_until`",
        examples=["2025-03-07T09:00:00Z"],
    )
    partial: bool = Field(
        default=False,
        description="Give what can be given though some applications lack reviewers",
        examples=[False],
    )

    def wish(self) -> Wish:
        return Wish(self.due_at, self.partial)


class ReopeningBody(Body):
    reason: values.Reason = Field(examples=["criterion_misread"])
    due_at: AwareDatetime | None = Field(
        default=None,
        description="First moment too late; unchanged by default",
        examples=["2025-03-10T09:00:00Z"],
    )


Scores = Annotated[
    dict[values.Code, values.DecimalText],
    Field(
        max_length=64,
        description="Each criterion's score, by its name",
        examples=[{"operation_plan": "8.5", "industry_fit": "9"}],
    ),
]


class ScoresBody(Body):
    """A sheet: scores, a comment that the school reads after the result, and one that it never does."""

    scores: Scores
    stage: ReviewStage | None = Field(
        default=None,
        description="Needed only by who reviews the application at several stages at once",
        examples=["documents"],
    )
    comment_to_school: Comment | None = Field(
        default=None, examples=["협약기업과의 실습 계획이 구체적입니다."]
    )
    comment_internal: Comment | None = Field(default=None, examples=["Compare with last year's plan."])

    def filled(self, application: ApplicationId, reviewer: ReviewerId) -> Filled:
        scores = {name: Decimal(score) for name, score in self.scores.items()}
        sheet = Sheet(application, reviewer, scores)
        return Filled(sheet, self.stage, self.comment_to_school, self.comment_internal)


class SheetBody(ScoresBody):
    application: values.ApplicationId


class SheetsBody(Body):
    """A reviewer's whole stack; all of it is taken in or nothing."""

    sheets: Annotated[list[SheetBody], Field(min_length=1, max_length=2000)]

    def all(self, reviewer: ReviewerId) -> list[Filled]:
        return [each.filled(ApplicationId(each.application), reviewer) for each in self.sheets]

    def named(self) -> list[str]:
        """What refusals call each sheet."""
        return [f"sheets.{place}" for place in range(len(self.sheets))]
