"""The report as one HTML file that needs nothing else: no script, no address outside it."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts import values
from demo import facts
from demo.report import drawing
from demo.report.story import Label, Story

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("demo.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["number"] = "{:,}".format
_ENVIRONMENT.filters["tenths"] = "{:,.1f}".format
_ENVIRONMENT.filters["rate"] = lambda rate: "–" if rate is None else f"{rate:.1f}"
_ENVIRONMENT.filters["place"] = lambda number: f"{number:.3f}".rstrip("0").rstrip(".")

QUOTAS: Final = {
    "regional": Label("지역특화(두 트랙 합산)", "Regional, two tracks together"),
    "new_technology": Label("신기술 중점지원", "New technology-focused"),
    "general": Label("일반(지정 없음)", "General, no designation"),
}
OUTCOMES: Final = {
    "selected": Label("선정", "Selected"),
    "reserve": Label("예비", "Reserve"),
    "not_passed": Label("미달", "Not passed"),
}
SERVICES: Final = {
    "applications": Label("신청", "applications"),
    "evaluation": Label("평가", "evaluation"),
    "placement": Label("취업", "placement"),
    "notifications": Label("알림", "notifications"),
}


def render(story: Story) -> str:
    """The whole page."""
    return _ENVIRONMENT.get_template("report.html.j2").render(
        story=story,
        map=drawing.province_map(story.provinces),
        histogram=drawing.histogram(story.scores, story.cut_line),
        as_given=drawing.histogram(story.judged.as_given, story.cut_line),
        waterfall=drawing.waterfall(story.trace) if story.trace else None,
        simulated_rates=drawing.rate_map({each.code: each.plain for each in story.followed.provinces}),
        published_rates=drawing.rate_map({e.code: e.published.plain for e in story.followed.provinces}),
        bands=drawing.BANDS,
        past=facts.past_years(),
        provinces=values.PROVINCES,
        tracks=values.TRACKS,
        quotas=QUOTAS,
        outcomes=OUTCOMES,
        services=SERVICES,
    )
