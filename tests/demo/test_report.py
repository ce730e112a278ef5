import re
from html.parser import HTMLParser

import pytest
from tests.demo import stories

from demo import facts
from demo.report.drawing import histogram, waterfall
from demo.report.page import render
from demo.report.story import Span, Trace

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "rect", "line", "circle"}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.captions: list[bool] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.captions.append(False)
        if tag == "caption":
            self.captions[-1] = True
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


@pytest.fixture(scope="module")
def text() -> str:
    return render(stories.story())


def test_the_page_is_well_formed(text: str) -> None:
    page = Page(text)
    assert page.wrong == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_the_page_needs_nothing_outside_itself_and_no_script(text: str) -> None:
    page = Page(text)
    assert not {tag for tag, _, _ in page.attributes} & {"script", "iframe", "img", "object"}
    assert "<script" not in text
    addresses = [value for _, name, value in page.attributes if name in {"href", "src", "action"}]
    assert addresses
    assert all(value.startswith("#") or value == "data:," for value in addresses)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text


def test_every_link_leads_somewhere_and_every_drawing_and_table_is_named(text: str) -> None:
    page = Page(text)
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(page.ids)
    labelled = {
        part for _, name, value in page.attributes if name == "aria-labelledby" for part in value.split()
    }
    assert labelled <= set(page.ids)
    assert page.captions
    assert all(page.captions)
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == 7
    for drawing in drawings:
        head, _, inside = drawing.partition(">")
        assert 'aria-hidden="true"' in head or ("<title id=" in inside and "<desc id=" in inside)


def test_simulated_data_is_called_so_before_anything_else_and_in_every_part(text: str) -> None:
    assert text.index("모의 데이터") < text.index("<h1")
    assert text.index("Simulated data") < text.index("<h1")
    assert "정부 공식 누리집이 아닙니다" in text
    parts = re.findall(r'<section id="(\w+)".*?</section>', text, flags=re.DOTALL)
    assert len(parts) == 10
    for part in re.findall(r"<section .*?</section>", text, flags=re.DOTALL):
        assert "simulated" in part or "measured" in part


def test_the_numbers_beside_the_map_are_those_in_the_story(text: str) -> None:
    story = stories.story()
    row = next(figures for figures in story.provinces if figures.code == "gyeongbuk")
    expected = rf"경북.*?<b>{row.selected}</b>.*?{row.applied}.*?{row.schools}</td>"
    assert re.search(expected, text[text.index("<tbody>") :], flags=re.DOTALL)
    assert text.count("<path ") == 3 * 17


def test_outcomes_by_province_stand_beside_the_published_ones(text: str) -> None:
    followed = stories.story().followed
    row = followed.provinces[0]
    rows = text[text.index("시·도별 성과, 모의와 공개") :]
    assert f"{row.plain:.1f}</b>" in rows
    assert f"{row.published.plain:.1f}</b>" in rows
    assert "전국 · all" in rows


def test_a_broken_invariant_is_shown_with_its_differences() -> None:
    text = render(stories.story(differences=("evaluation: 3 applied <b>twice</b>",)))
    assert "장부 불일치" in text
    assert "evaluation: 3 applied &lt;b&gt;twice&lt;/b&gt;" in text
    assert "모두 지켜졌습니다" not in text


def test_a_run_without_a_trace_says_so() -> None:
    story = stories.story()
    fields = {name: getattr(story, name) for name in story.__slots__}
    assert "남은 추적이 없습니다" in render(type(story)(**(fields | {"trace": None})))


def test_every_score_is_in_exactly_one_column() -> None:
    story = stories.story()
    drawn = histogram(story.scores, story.cut_line)
    assert sum(column.count for column in drawn.columns) == len(story.scores)
    for column in drawn.columns:
        assert sum(block.count for block in column.blocks) == column.count


def test_the_waterfall_puts_each_span_below_what_caused_it() -> None:
    fall = waterfall(stories.trace())
    order = [bar.span.id for bar in fall.bars]
    assert order == ["a", "b", "d", "g", "h", "c", "e", "f"]
    depths = {bar.span.id: bar.depth for bar in fall.bars}
    assert depths == {"a": 0, "b": 1, "d": 1, "g": 2, "h": 3, "c": 1, "e": 2, "f": 3}


def test_the_waterfall_takes_spans_whose_parent_was_not_kept() -> None:
    spans = (Span("x", "gone", "evaluation", "process", 3, 4), Span("y", "x", "evaluation", "publish", 4, 5))
    fall = waterfall(Trace("t", stories.label("t"), spans))
    assert [(bar.span.id, bar.depth) for bar in fall.bars] == [("x", 0), ("y", 1)]


def test_the_public_facts_are_whole() -> None:
    schools = facts.schools()
    assert len(schools) == 461
    assert len({school.register_key for school in schools}) == 461
    assert sum(school.neis_code is None for school in schools) == 1
    assert {school.province for school in schools} == {p.code for p in facts.outlines().provinces}
