"""What the catalogue says, held against the models and the services themselves."""

import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from contracts.catalogue import EVENTS
from contracts.document import fields
from contracts.event import Event
from contracts.schemas import facts_schema
from contracts.topics import Service

ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final[tuple[Service, ...]] = ("applications", "evaluation", "placement", "notifications")
PERSONAL: Final = re.compile(
    r"(^|_)(birth\w*|born|phone|mobile|tel|fax|e?mails?|address|addr|postcode|gender|sex|nationality|"
    r"resident\w*|rrn|passport|account|guardian\w*|parents?|first|last|family|given|surname|nickname|"
    r"photo|signature|ip|note|notes|comment|comments|remark|remarks|text|message|memo)(_|$)"
)
NAMES_OF_ORGANISATIONS: Final = {
    *("name_ko", "name_en", "school_name_ko", "school_name_en", "company_name_ko", "company_name_en")
}
NAMES_OF_RULES: Final = {"policy.quotas[].name", "policy.questions[].name"}
PUBLIC_TEXTS: Final = {"policy.lot_source"}

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))


@every_event
def test_every_event_names_its_programme_year(event: type[Event]) -> None:
    assert event.model_fields["programme_year"].is_required()


@every_event
def test_every_event_says_what_it_is_why_it_is_told_and_by_whom_it_is_read(event: type[Event]) -> None:
    assert (event.__doc__ or "").strip().endswith(".")
    assert event.why
    assert event.topic.emitted_by not in event.read_by
    assert len(set(event.read_by)) == len(event.read_by)


@every_event
def test_no_field_is_named_like_personal_data_or_free_text(event: type[Event]) -> None:
    paths = [path for path, _, _ in fields(facts_schema(event))]

    assert [path for path in paths if PERSONAL.search(path.rsplit(".", 1)[-1])] == []


@every_event
def test_only_organisations_and_rules_have_names(event: type[Event]) -> None:
    paths = [path for path, _, _ in fields(facts_schema(event))]
    named = {path for path in paths if "name" in path.rsplit(".", 1)[-1].split("_")}

    assert named <= NAMES_OF_ORGANISATIONS | NAMES_OF_RULES


@every_event
def test_every_other_text_is_an_id_a_code_a_number_or_a_moment(event: type[Event]) -> None:
    for path, field, _ in fields(facts_schema(event)):
        if path in NAMES_OF_ORGANISATIONS | PUBLIC_TEXTS:
            continue
        for plain in leaves(field):
            if "string" in plain["type"] and "format" not in plain:
                # A class of characters without a space holds no sentence and no person's full name.
                assert re.fullmatch(r"\^[^ ]*\$", plain["pattern"]), path
                assert not re.search(plain["pattern"], "two words"), path
                assert not re.search(plain["pattern"], "홍길동"), path


@pytest.mark.parametrize(
    "word", ["birth_date", "guardian_consent", "contact_email", "reason_text", "last_name"]
)
def test_the_search_for_personal_data_finds_it(word: str) -> None:
    assert PERSONAL.search(word)


@every_event
def test_reading_year_and_key_needs_no_other_field_than_the_event_has(event: type[Event]) -> None:
    assert event.key_field in event.model_fields


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_acts_on_exactly_what_the_catalogue_says_it_reads(service: Service) -> None:
    inbox = import_module(f"{service}.events").inbox

    assert inbox.handled == {name for name, event in EVENTS.items() if service in event.read_by}


@every_event
def test_every_event_is_told_somewhere_in_the_service_that_owns_its_topic(event: type[Event]) -> None:
    source = ROOT / "services" / event.topic.emitted_by / "src"
    told = re.compile(rf"\b{event.__name__}\b")

    assert [path for path in source.rglob("*.py") if told.search(path.read_text("utf-8"))]


def leaves(field: dict[str, object]) -> list[dict[str, str]]:
    """The plain schemas of a field: its own, its items' or its values'."""
    for keyword in ("items", "additionalProperties"):
        inner = field.get(keyword)
        if isinstance(inner, dict):
            return leaves(inner)
    return [] if "properties" in field else [field]  # type: ignore[list-item]  # a plain schema has texts only
