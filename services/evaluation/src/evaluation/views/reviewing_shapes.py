"""What is answered about reviewers and their work."""

from datetime import date, datetime

from pydantic import Field

from evaluation.views.shapes import ApplicationRef, ReviewerRef, SchoolRef, View


class AffiliationView(View):
    school: SchoolRef | None
    corporation: str | None
    province: str | None
    since: date | None
    until: date | None


class ReviewerView(View):
    id: str = Field(examples=["rev_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    province: str | None
    tracks: list[str]
    fields: list[str]
    capacity: int | None
    available: bool
    affiliations: list[AffiliationView]
    conflicts: list[str] = Field(description="Schools that a conflict was declared with")
    in_hand: int = Field(description="Applications that they are to score now")


class OtherSheetView(View):
    """What somebody else gave; who, is not said."""

    scores: dict[str, str]
    comment_to_school: str | None
    comment_internal: str | None


class ReviewView(View):
    """An application that a reviewer scores at a stage, and what they gave it."""

    application: ApplicationRef
    year: int
    school: SchoolRef
    name_ko: str
    name_en: str | None
    province: str
    kind: str
    tracks: list[str]
    answers: dict[str, str]
    stage: str = Field(examples=["documents"])
    appeal: bool = Field(description="Whether it is reviewed for an appeal")
    rubric: str
    rubric_version: int | None = Field(description="The version that the year is scored by, once one is")
    due_at: datetime
    open: bool = Field(description="Whether the stage is open")
    scores: dict[str, str] | None
    comment_to_school: str | None
    comment_internal: str | None
    version: int | None = Field(description="Of the sheet; it was reopened version - 1 times")
    saved_at: datetime | None
    submitted_at: datetime | None
    others: list[OtherSheetView] = Field(description="Others' sheets, once the stage is closed")


class ReviewerFiguresView(View):
    reviewer: ReviewerRef
    sheets: int
    mean: str = Field(description="Points given, on average")
    severity: str | None = Field(
        description="Points given less (above 0) or more (below 0) than others gave the same applications"
    )
    spread: str = Field(description="Standard deviation of the points given")
    outlier: bool = Field(description="Whether the severity stands apart: more than two standard deviations")


class OutlierView(View):
    application: ApplicationRef
    reviewer: ReviewerRef
    points: str
    apart: str = Field(description="Points above the mean of the others on the application")
    deviations: str = Field(description="The same in standard deviations of all sheets")


class StatisticsView(View):
    sheets: int
    mean: str | None
    alpha: str | None = Field(
        description="Krippendorff's alpha (interval): 1 agreement, 0 chance; null where nothing can be said",
        examples=["0.712"],
    )
    alpha_by_part: dict[str, str | None]
    reviewers: list[ReviewerFiguresView]
    outliers: list[OutlierView]


class ClosureView(View):
    kind: str
    stage: str
    line: str | None = Field(description="Points needed of those reachable so far; null where all go on")
    passed: int
    cut: int


class CommentView(View):
    """What a reviewer wants the school to know; who wrote it is not said."""

    stage: str
    comment: str


class SheetView(View):
    """A reviewer's work on an application, as officers and auditors see it."""

    reviewer: ReviewerRef
    stage: str
    appeal: str | None
    state: str = Field(
        description="`open`, `closed` (counts), `recused`, `released`, `superseded` (by an appeal's panel)"
    )
    reason: str | None = Field(description="Why it was taken away")
    version: int | None
    scores: dict[str, str] | None = Field(description="Null until the sheet is in")
    comment_to_school: str | None
    comment_internal: str | None
    submitted_at: datetime | None
    reopenings: list[str] = Field(description="Reasons for which officers let it be changed")
