"""What is told of outcomes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from contracts import placement as told
from placement.announce.facts import school_facts
from placement.domain.outcomes import Origin, Report
from placement.domain.vocabulary import Year


def outcome(report: Report) -> told.OutcomeReported | told.OutcomeCorrected:
    """A first report, or a correction of one that was told before."""
    facts: dict[str, Any] = {
        "programme_year": report.year,
        **school_facts(report.school),
        "as_of": report.as_of,
        "revision": report.revision,
        **report.figures.counts(),
        "origin": report.origin.value,
    }
    if report.reason is None:
        return told.OutcomeReported(**facts, reported_at=report.reported_at)
    return told.OutcomeCorrected(**facts, reason=report.reason, corrected_at=report.reported_at)


def outcome_reporting_closed(
    year: Year, as_of: date, manifest: Mapping[str, int], unconfirmed: int, origin: Origin, now: datetime
) -> told.OutcomeReportingClosed:
    return told.OutcomeReportingClosed(
        programme_year=year,
        as_of=as_of,
        schools=len(manifest),
        unconfirmed=unconfirmed,
        manifest=tuple(
            told.OutcomeStream(school=school, sequence=manifest[school]) for school in sorted(manifest)
        ),
        origin=origin.value if origin is Origin.IMPORTED else None,
        closed_at=now,
    )
