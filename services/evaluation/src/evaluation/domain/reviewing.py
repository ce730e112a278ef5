"""Who reviews what: conflicts of interest, and an even distribution."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.refusals import Conflict
from evaluation.domain.policy import Ground
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId

NAMED_AT_MOST = 10
"""Applications that a refusal names."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A reviewer with the school and the province they belong to, where they belong to one."""

    id: ReviewerId
    school: SchoolId | None
    province: str | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An application to be reviewed, and who reviews it already."""

    application: ApplicationId
    school: SchoolId
    province: str
    reviewers: frozenset[ReviewerId]


@dataclass(frozen=True, slots=True)
class Assignment:
    application: ApplicationId
    reviewer: ReviewerId


def naming(applications: Sequence[ApplicationId], what: str) -> str:
    """How many applications it is about, and the first of them by id."""
    return f"{len(applications)} applications {what}: {', '.join(applications[:NAMED_AT_MOST])}"


def conflict(reviewer: Reviewer, reviewed: Reviewed, grounds: Iterable[Ground]) -> Ground | None:
    """The ground on which the reviewer may neither read nor score the application."""
    found: dict[Ground, bool] = {
        "same_school": reviewer.school == reviewed.school,
        "same_province": reviewer.province == reviewed.province,
    }
    return next((ground for ground in grounds if found[ground]), None)


def assign(
    applications: Sequence[Reviewed],
    reviewers: Sequence[Reviewer],
    loads: Mapping[ReviewerId, int],
    wanted: int,
    grounds: Sequence[Ground],
) -> tuple[Assignment, ...]:
    """Give every application `wanted` reviewers without a conflict, the least burdened first.

    Applications with the fewest reviewers to choose from go first. What stands stays.

    Raises:
        Conflict: rule `reviewers_missing`, naming applications that lack reviewers.
    """
    free = {
        each.application: [r.id for r in reviewers if conflict(r, each, grounds) is None]
        for each in applications
    }
    lacking = [each.application for each in applications if len(free[each.application]) < wanted]
    if lacking:
        named = ", ".join(sorted(lacking)[:NAMED_AT_MOST])
        raise Conflict(
            "reviewers_missing",
            f"{len(lacking)} applications have fewer than {wanted} reviewers without a conflict: {named}",
            "reviewers",
        )
    load = {reviewer.id: loads.get(reviewer.id, 0) for reviewer in reviewers}
    made = []
    for each in sorted(applications, key=lambda each: (len(free[each.application]), each.application)):
        choice = sorted(
            (reviewer for reviewer in free[each.application] if reviewer not in each.reviewers),
            key=lambda reviewer: (load[reviewer], reviewer),
        )
        for reviewer in choice[: max(0, wanted - len(each.reviewers))]:
            load[reviewer] += 1
            made.append(Assignment(each.application, reviewer))
    return tuple(made)
