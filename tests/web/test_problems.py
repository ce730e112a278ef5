from typing import Any

import httpx2
import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from tests.web.things import Things, meeting

from web import problems


def shape(answer: httpx2.Response) -> tuple[int, str, list[tuple[str | None, str]]]:
    """Status, type and (field, rule) of each error, once it is seen to be a whole problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = problems.Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    assert problem.instance.startswith("urn:ieum:trace:")
    assert problem.title
    assert problem.detail
    rule = problem.type.removeprefix("urn:ieum:problem:")
    return problem.status, rule, [(error.field, error.rule) for error in problem.errors]


async def test_a_refusal_tells_status_rule_field_and_sentence(things: Things) -> None:
    answer = await things.post("/refused", {"name": "x"})
    assert shape(answer) == (409, "thing_forbidden", [("name", "thing_forbidden")])
    assert answer.json()["detail"] == "The thing is forbidden: name"


async def test_several_refusals_are_told_at_once(things: Things) -> None:
    answer = await things.post("/refused", {"name": "several"})
    assert shape(answer) == (422, "first_rule", [("a", "first_rule"), ("b", "second_rule")])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"name": "a", "colour": "red"}, [("colour", "extra_forbidden")]),
        ({"name": "a", "parts": [{"size": 1, "weight": 2}]}, [("parts.0.weight", "extra_forbidden")]),
        ({}, [("name", "missing")]),
        (
            {"name": "", "parts": [{"size": 0}]},
            [("name", "string_too_short"), ("parts.0.size", "greater_than_equal")],
        ),
        ([], [(None, "model_attributes_type")]),
        (None, [(None, "missing")]),
    ],
)
async def test_each_field_that_breaks_a_rule_is_named(
    things: Things, body: Any, errors: list[tuple[str | None, str]]
) -> None:
    assert shape(await things.post("/things", body)) == (422, "invalid", errors)
    assert await things.names() == []


async def test_a_path_that_breaks_a_rule_is_named(things: Things) -> None:
    answer = await things.client.get("/things/abc", headers=things.headers())
    assert shape(answer) == (422, "invalid", [("path.thing", "int_parsing")])
    assert "abc" not in answer.text


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limitt=1", [("query.limitt", "extra_forbidden")]),
        ("limit=1&limit=2&", []),
        ("n=1", [("query.n", "extra_forbidden")]),
        ("limit=1&b=2&a=1", [("query.b", "extra_forbidden"), ("query.a", "extra_forbidden")]),
        ("limit=x", [("query.limit", "int_parsing")]),
    ],
)
async def test_a_filter_that_is_unknown_is_named_and_not_passed_over(
    things: Things, query: str, errors: list[tuple[str | None, str]]
) -> None:
    for path in ("/things", "/things-by-parameter"):
        answer = await things.client.get(f"{path}?{query}", headers=things.headers())
        if errors:
            assert shape(answer) == (422, "invalid", errors)
        else:
            assert answer.status_code == 200


async def test_an_unsafe_request_with_a_query_that_is_unknown_changes_nothing(things: Things) -> None:
    answer = await things.post("/things?dry_run=true", {"name": "a"})
    assert shape(answer) == (422, "invalid", [("query.dry_run", "extra_forbidden")])
    assert await things.names() == []


async def test_who_may_not_ask_does_not_learn_the_filters(edge: httpx2.AsyncClient) -> None:
    assert (await edge.get("/state?colour=red")).status_code == 401


async def test_a_body_that_is_no_json_is_told(things: Things) -> None:
    headers = {**things.headers(), "Content-Type": "application/json"}
    answer = await things.client.post("/things", content='{"name": "김하나'.encode(), headers=headers)
    assert shape(answer) == (400, "json_invalid", [(None, "json_invalid")])
    assert "김" not in answer.text


async def test_a_body_of_another_kind_is_told(things: Things) -> None:
    headers = {**things.headers(), "Content-Type": "text/plain"}
    answer = await things.client.post("/things", content=b"hello", headers=headers)
    assert shape(answer)[0] == 422
    assert "hello" not in answer.text


async def test_a_multipart_body_that_breaks_off_is_told(things: Things) -> None:
    headers = {**things.headers(), "Content-Type": "multipart/form-data; boundary=x"}
    answer = await things.client.post("/files", content=b"--x\r\nnonsense", headers=headers)
    assert shape(answer)[0] in (400, 422)


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"name": "a\xff"}'])
async def test_bytes_that_are_no_text_are_told(things: Things, body: bytes) -> None:
    headers = {**things.headers(), "Content-Type": "application/json"}
    answer = await things.client.post("/things", content=body, headers=headers)
    assert shape(answer)[0] == 400


async def test_an_unknown_address_is_a_problem(edge: httpx2.AsyncClient) -> None:
    assert shape(await edge.get("/nowhere")) == (404, "no_such_address", [])


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(edge: httpx2.AsyncClient) -> None:
    answer = await edge.patch("/things")
    assert shape(answer) == (405, "method_not_allowed", [])
    assert answer.headers["allow"] == "POST"


async def test_a_fault_tells_nothing_and_changes_nothing(
    things: Things, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await things.post("/broken", {"name": "홍길동"})
    assert shape(answer) == (500, "internal", [])
    printed = "".join(capsys.readouterr())
    assert "RuntimeError" in printed
    assert "things.py" in printed
    for text in (answer.text, printed):
        assert "secret" not in text
        assert "홍길동" not in text
    assert await things.names() == []


async def test_a_database_that_went_away_is_unavailable_for_now(things: Things) -> None:
    answer = await things.post("/cut-off")
    assert shape(answer) == (503, "unavailable", [])
    assert answer.headers["retry-after"] == "2"
    assert await things.names() == []
    assert (await things.post("/things", {"name": "a"})).status_code == 201


async def test_a_transaction_that_never_serializes_is_given_up(things: Things) -> None:
    answer = await things.post("/never-serializable")
    assert shape(answer) == (503, "unavailable", [])
    assert meeting.attempts > 1


class Told(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: str = Field(pattern="^x$")
    count: int = Field(le=10)

    @field_validator("count")
    @classmethod
    def repeats_what_was_sent(cls, value: int) -> int:
        if value == 7:
            raise ValueError(f"{value} is unlucky")
        return value


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({"email": "hong@example.kr", "count": 1}, ["String should match pattern '^x$'"]),
        ({"email": "x", "count": 7}, ["The value breaks the rule value_error"]),
        (
            {"email": "x", "count": "일곱"},
            ["Input should be a valid integer, unable to parse string as an integer"],
        ),
    ],
)
def test_what_was_sent_is_never_repeated(given: dict[str, Any], messages: list[str]) -> None:
    with pytest.raises(ValidationError) as broken:
        Told.model_validate(given)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in broken.value.errors()]
    answer = problems.invalid(RequestValidationError(errors))
    problem = problems.Problem.model_validate_json(bytes(answer.body))
    assert [error.message for error in problem.errors] == messages
