"""Where things stand in the report's drawings: numbers only, the templates write the SVG."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from contracts import values
from demo import facts
from demo.report.story import Outcome, ProvinceFigures, Score, Span, Trace

SHADES: Final = 5


@dataclass(frozen=True, slots=True)
class Shade:
    """A step of the map's colours: counts from `lowest` to `highest`."""

    step: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Region:
    figures: ProvinceFigures
    name: values.Named
    path: str
    x: int
    y: int
    step: int


@dataclass(frozen=True, slots=True)
class Map:
    width: int
    height: int
    regions: tuple[Region, ...]
    shades: tuple[Shade, ...]


def province_map(figures: Iterable[ProvinceFigures]) -> Map:
    """The provinces, darker where more schools were selected."""
    by_code = {province.code: province for province in figures}
    shades = _shades(max((province.selected for province in by_code.values()), default=0))
    outlines = facts.outlines()
    regions = tuple(
        Region(
            figures=by_code[shape.code],
            name=values.PROVINCES[shape.code],
            path=shape.path,
            x=shape.label[0],
            y=shape.label[1],
            step=_step(by_code[shape.code].selected, shades),
        )
        for shape in outlines.provinces
    )
    return Map(outlines.width, outlines.height, regions, shades)


BANDS: Final = (15, 22, 29, 36)
"""Per cent at which the next darker shade of a map of rates begins."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A province's rate in per cent as it is drawn; `step` is that of the shade, 0 where there is none."""

    name: values.Named
    path: str
    x: int
    y: int
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class RateMap:
    width: int
    height: int
    regions: tuple[Rate, ...]


def rate_map(rates: Mapping[str, float | None]) -> RateMap:
    """The provinces, darker where a rate is higher."""
    outlines = facts.outlines()
    regions = []
    for shape in outlines.provinces:
        rate = rates.get(shape.code)
        step = sum(rate >= band for band in BANDS) if rate is not None else 0
        text = "–" if rate is None else f"{rate:.0f}%"
        name = values.PROVINCES[shape.code]
        regions.append(Rate(name, shape.path, shape.label[0], shape.label[1], step, text))
    return RateMap(outlines.width, outlines.height, tuple(regions))


def _shades(most: int) -> tuple[Shade, ...]:
    width = max(1, -(-(most + 1) // SHADES))
    return tuple(
        Shade(step, step * width, step * width + width - 1) for step in range(SHADES) if step * width <= most
    ) or (Shade(0, 0, 0),)


def _step(count: int, shades: Sequence[Shade]) -> int:
    return next(shade.step for shade in shades if shade.lowest <= count <= shade.highest)


OUTCOMES: Final[tuple[Outcome, ...]] = ("selected", "reserve", "not_passed")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a column: one outcome's share."""

    outcome: Outcome
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """Scores from `lowest` up to but not including `highest`."""

    lowest: int
    highest: int
    x: float
    width: float
    counts: dict[Outcome, int]
    blocks: tuple[Block, ...]

    @property
    def count(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Histogram:
    width: float
    height: float
    left: float
    base: float
    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, int], ...]
    grid: tuple[tuple[float, int], ...]
    cut: float


_BIN: Final = 2
_WIDTH: Final = 720.0
_RIGHT: Final = 704.0
_LEFT: Final = 36.0
_TOP: Final = 34.0
_BASE: Final = 330.0


def histogram(scores: Sequence[Score], cut_line: Decimal) -> Histogram:
    """Totals in steps of two points, stacked by outcome, with the cut line's place."""
    lowest, highest = _range(scores, cut_line)
    unit = (_RIGHT - _LEFT) / (highest - lowest)
    counted = {start: dict.fromkeys(OUTCOMES, 0) for start in range(lowest, highest, _BIN)}
    for score in scores:
        start = min(int(score.total) // _BIN * _BIN, highest - _BIN)
        counted[start][score.outcome] += 1
    most = max((sum(counts.values()) for counts in counted.values()), default=0)
    scale = (_BASE - _TOP) / max(most, 1)
    columns = tuple(
        Column(
            start,
            start + _BIN,
            _LEFT + (start - lowest) * unit + 1,
            _BIN * unit - 2,
            counts,
            _stack(counts, scale),
        )
        for start, counts in counted.items()
    )
    return Histogram(
        width=_WIDTH,
        height=_BASE + 34,
        left=_LEFT,
        base=_BASE,
        columns=columns,
        ticks=tuple(
            (_LEFT + (value - lowest) * unit, value)
            for value in range(lowest, highest + 1)
            if value % 10 == 0
        ),
        grid=tuple((_BASE - value * scale, value) for value in _grid(most)),
        cut=_LEFT + float(cut_line - lowest) * unit,
    )


def _range(scores: Sequence[Score], cut_line: Decimal) -> tuple[int, int]:
    totals = [score.total for score in scores] + [cut_line]
    lowest = int(min(totals)) // _BIN * _BIN - _BIN
    highest = int(max(totals)) // _BIN * _BIN + 2 * _BIN
    return max(lowest, 0), highest


def _stack(counts: dict[Outcome, int], scale: float) -> tuple[Block, ...]:
    blocks, top = [], _BASE
    for outcome in OUTCOMES:
        if counts[outcome]:
            height = counts[outcome] * scale
            top -= height
            blocks.append(Block(outcome, counts[outcome], top, height))
    return tuple(blocks)


def _grid(most: int) -> list[int]:
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if most / size <= 5)  # noqa: PLR2004 - at most five lines
    return list(range(step, most + 1, step))


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of the waterfall: its place on the axis, and how far up the one that caused it ends.

    The label stands above the bar: from its start where there is room to the right, else up to its end.
    """

    span: Span
    depth: int
    y: float
    x: float
    width: float
    parent_y: float | None

    @property
    def length(self) -> float:
        return self.span.ends - self.span.starts

    @property
    def label_ends(self) -> bool:
        """Whether the label ends where the bar does."""
        return self.x > _FALL_WIDTH / 2


@dataclass(frozen=True, slots=True)
class Waterfall:
    width: float
    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    services: tuple[str, ...]


BAR_HEIGHT: Final = 16.0
_FALL_WIDTH: Final = 1120.0
_MARGIN: Final = 4.0
_ROW: Final = 50.0
_HEAD: Final = 58.0


def waterfall(trace: Trace) -> Waterfall:
    """The spans of a trace, each below the one that caused it, in the order they began."""
    scale = (_FALL_WIDTH - 2 * _MARGIN) / max(trace.length, 0.001)
    ordered = _in_order(trace.spans)
    rows = {span.id: _HEAD + row * _ROW for row, (span, _) in enumerate(ordered)}
    bars = tuple(
        Bar(
            span,
            depth,
            rows[span.id],
            _MARGIN + span.starts * scale,
            max((span.ends - span.starts) * scale, 3.0),
            rows[span.parent] + BAR_HEIGHT if span.parent in rows else None,
        )
        for span, depth in ordered
    )
    step = next(
        size
        for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10**9)
        if trace.length / size <= 8  # noqa: PLR2004 - at most eight ticks
    )
    ticks = tuple(
        (_MARGIN + moment * scale, f"{moment} ms") for moment in range(0, int(trace.length) + 1, step)
    )
    services = tuple(dict.fromkeys(bar.span.service for bar in bars))
    return Waterfall(_FALL_WIDTH, _HEAD + len(bars) * _ROW - 24, bars, ticks, services)


def _in_order(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """Depth first, children by their start; a span whose parent was not kept stands at the root."""
    known = {span.id for span in spans}
    children: dict[str | None, list[Span]] = {}
    for span in sorted(spans, key=lambda one: (one.starts, -one.ends, one.id)):
        children.setdefault(span.parent if span.parent in known else None, []).append(span)
    ordered: list[tuple[Span, int]] = []
    waiting = [(span, 0) for span in reversed(children.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        ordered.append((span, depth))
        waiting.extend((child, depth + 1) for child in reversed(children.get(span.id, [])))
    return ordered
