"""The words: both languages say everything there is to say, and say it right."""

import re
import tomllib
from datetime import UTC, date, datetime
from importlib import resources
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.examples import example
from contracts.schemas import facts_schema
from contracts.values import KINDS, PROVINCES, TRACKS
from notifications.domain.concerns import CONCERNS
from notifications.domain.deliveries import Language
from notifications.texts import catalogue, texts

LANGUAGES: tuple[Language, ...] = ("ko", "en")
TEMPLATES = [
    pytest.param(kind, concern.template, language, id=f"{concern.template}-{language}")
    for kind, told in CONCERNS.items()
    for concern in told
    for language in LANGUAGES
]


def said(kind: str, template: str, language: Language, **facts: Any) -> str:
    text = catalogue(language).text(template, dict(example(EVENTS[kind])) | facts)
    return f"{text.subject}\n{text.body}"


@pytest.mark.parametrize(("kind", "template", "language"), TEMPLATES)
def test_a_template_renders_the_example_of_its_event(kind: str, template: str, language: Language) -> None:
    text = catalogue(language).text(template, dict(example(EVENTS[kind])))
    assert text.subject
    assert "\n" not in text.subject
    assert text.body == text.body.strip()
    assert not re.search(r"[{}]|None|True|False|datetime|undefined", text.subject + text.body)
    assert "  " not in text.subject + text.body
    if language == "en":
        assert text.subject.isascii()
        assert text.body.isascii()


@pytest.mark.parametrize(("kind", "template", "language"), TEMPLATES)
def test_a_template_renders_what_may_be_missing_as_well(kind: str, template: str, language: Language) -> None:
    sparse = dict(example(EVENTS[kind], **_least(EVENTS[kind])))
    text = catalogue(language).text(template, sparse)
    assert not re.search(r"None|\( *\)|: *$|: *\.", text.subject + "\n" + text.body, re.MULTILINE), text


def _least(kind: type[Event]) -> dict[str, Any]:
    """As little as the published schema allows: no optional fact, lists as short as can be, nothing true."""
    least: dict[str, Any] = {}
    for field, schema in facts_schema(kind)["properties"].items():
        if "null" in schema["type"]:
            least[field] = None
        elif schema["type"] == "array" and not schema.get("minItems"):
            least[field] = []
        elif schema["type"] == "boolean":
            least[field] = False
    return least


@pytest.mark.parametrize(("kind", "template", "language"), TEMPLATES)
def test_a_template_uses_no_field_that_its_event_lacks(kind: str, template: str, language: Language) -> None:
    facts = dict(example(EVENTS[kind]))
    for field in facts:
        lacking = {name: value for name, value in facts.items() if name != field}
        try:
            catalogue(language).text(template, lacking)
        except jinja2.UndefinedError:
            break
    else:
        pytest.fail("no field is needed: the template cannot be strict")


def test_the_two_catalogues_have_the_same_entries() -> None:
    korean, english = (
        tomllib.loads(resources.files("notifications.texts").joinpath(f"{language}.toml").read_text("utf-8"))
        for language in LANGUAGES
    )
    assert korean.keys() == english.keys()
    for entry in korean:
        assert korean[entry].keys() == english[entry].keys(), entry


def codes_of(kind: type[Event]) -> set[str]:
    """Every code that the contracts name as an example of a field that a text may show."""
    shown = {"reason", "reasons", "stage", "outcome", "ground", "field"}
    found: set[str] = set()
    for field, schema in facts_schema(kind)["properties"].items():
        if field in shown:
            for one in schema["examples"]:
                found |= {one} if isinstance(one, str) else set(one)
    return found


def test_every_code_of_the_contracts_has_a_name_in_both_languages() -> None:
    used = {code for kind in CONCERNS for code in codes_of(EVENTS[kind])}
    assert len(used) > 20
    for language in LANGUAGES:
        assert used <= catalogue(language).codes.keys()


def test_a_code_that_is_not_known_yet_is_shown_as_it_is() -> None:
    kind = "ieum.evaluation.school-revoked.v1"
    assert "Reason: of_a_later_version." in said(kind, "school_revoked", "en", reason="of_a_later_version")
    assert "of_a_later_track" in said(kind, "school_revoked", "ko", reason="of_a_later_track")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("한빛정밀", "한빛정밀과의 2자 협약에 서명해 주십시오"),
        ("새나라", "새나라와의 2자 협약에 서명해 주십시오"),
        ("하늘", "하늘과의 2자 협약에 서명해 주십시오"),
        ("정밀 3", "정밀 3과의 2자 협약에 서명해 주십시오"),
        ("정밀 2", "정밀 2와의 2자 협약에 서명해 주십시오"),
    ],
)
def test_korean_particles_follow_the_last_sound(name: str, subject: str) -> None:
    kind = "ieum.placement.agreement-proposed.v1"
    assert said(kind, "agreement_proposed_school", "ko", company_name_ko=name).startswith(subject)


@given(st.text("가각나난다달라랄고곡교", min_size=1, max_size=8))
def test_a_school_of_any_name_gets_the_particle_that_its_last_syllable_asks_for(name: str) -> None:
    closed = (ord(name[-1]) - 0xAC00) % 28 != 0
    text = said("ieum.evaluation.school-selected.v1", "school_selected", "ko", school_name_ko=name)
    assert f"{name}{'이' if closed else '가'} 2025년" in text


def test_moments_are_told_in_korean_time() -> None:
    kind = "ieum.applications.extension-granted.v1"
    until = datetime(2025, 2, 14, 15, 30, tzinfo=UTC)
    assert "2025년 2월 15일(토) 00:30 전까지" in said(kind, "extension_granted", "ko", until=until)
    assert "Sat 15 February 2025, 00:30 KST" in said(kind, "extension_granted", "en", until=until)


def test_money_and_numbers_have_separators() -> None:
    kind, template = "ieum.placement.opening-published.v1", "opening_published_school"
    facts = {"wage_krw_per_hour": 1234567, "places": 1200, "starts_on": date(2026, 1, 5)}
    assert "시급 1,234,567원" in said(kind, template, "ko", **facts)
    assert "KRW 1,234,567 an hour" in said(kind, template, "en", **facts)
    assert "1,200명" in said(kind, template, "ko", **facts)


def test_a_place_without_designation_is_called_general_support() -> None:
    kind = "ieum.evaluation.school-selected.v1"
    assert "지원 유형: 일반" in said(kind, "school_selected", "ko", designations=())
    assert "Support: Regional key industry-linked, New technology-focused" in said(
        kind, "school_selected", "en", designations=("regional_key_industry", "new_technology")
    )


def test_an_english_reader_sees_the_korean_name_where_there_is_no_other() -> None:
    kind = "ieum.evaluation.school-selected.v1"
    assert "한빛공업고등학교 is selected" in said(kind, "school_selected", "en", school_name_en=None)


def test_a_name_with_a_line_break_does_not_break_a_subject() -> None:
    kind = "ieum.evaluation.reviewer-assigned.v1"
    both = texts(
        "reviewer_assigned", dict(example(EVENTS[kind])) | {"school_name_ko": "한빛\r\nBcc: x@y.example"}
    )
    assert "\n" not in both["ko"].subject
    assert "\r" not in both["ko"].subject


def test_vocabularies_of_the_contracts_are_shown_by_name() -> None:
    kind = "ieum.applications.call-opened.v1"
    facts = {"tracks": tuple(TRACKS), "kinds": tuple(KINDS)}
    for language in LANGUAGES:
        text = said(kind, "call_opened", language, **facts)
        assert all(getattr(named, language) in text for named in (*TRACKS.values(), *KINDS.values()))
    kind = "ieum.applications.school-renamed.v1"
    for code, named in PROVINCES.items():
        assert named.en in said(kind, "school_renamed", "en", province=code)


REASONS = (
    *("school_closed", "school_type_not_eligible", "not_a_participant", "participant_already"),
    *("second_application", "document_missing"),
    *("below_cut_line", "below_minimum_quantitative", "below_minimum_qualitative"),
    *("listed_openings_full", "not_ranked_by_company", "agreement_not_in_force", "opening_gone"),
    *("no_opening_listed", "school_relinquished", "school_revoked", "ended", "application_withdrawn"),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_that_evaluation_or_placement_gives_is_told_in_words(
    reason: str, language: Language
) -> None:
    assert catalogue(language).codes.get(reason, reason) != reason
