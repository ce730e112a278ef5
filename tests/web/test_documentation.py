import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import jsonschema
import pytest
from tests.web.things import Things

from web import problems


class Page(HTMLParser):
    """What a page loads, and what it holds inline."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self._in: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in = tag
        self.loads += [value for name, value in attrs if name in {"src", "href"} and value]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in in {"script", "style"} and data.strip():
            self.inline.append(data)


@pytest.fixture
async def schema(edge: httpx2.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await edge.get("/openapi.json")).json()
    return answer


async def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("/docs")
    page = Page(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.inline == []
    assert page.loads
    for address in page.loads:
        assert not re.match(r"[a-z]+:|//", address)
        loaded = await edge.get(f"/{address}")
        assert loaded.status_code == 200
        assert loaded.headers["x-content-type-options"] == "nosniff"
        assert len(loaded.content) > 100


async def test_the_pages_policy_allows_scripts_of_this_service_alone(edge: httpx2.AsyncClient) -> None:
    policy = (await edge.get("/docs")).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert "unsafe" not in policy


async def test_the_script_that_starts_the_page_asks_for_our_description(edge: httpx2.AsyncClient) -> None:
    script = (await edge.get("/docs/start.js")).text
    assert 'url: "openapi.json"' in script
    assert "http" not in script


@pytest.mark.parametrize("name", ["missing.js", "..%2f..%2fpyproject.toml", "%2e%2e/__init__.py"])
async def test_only_the_pages_own_files_are_served(edge: httpx2.AsyncClient, name: str) -> None:
    assert (await edge.get(f"/docs/{name}")).status_code == 404


async def test_the_description_is_openapi_3_1_with_examples(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["schemas"]["NewThing"]["properties"]["name"]["examples"] == ["spanner"]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_operation_names_its_roles_and_its_refusals(schema: dict[str, Any]) -> None:
    operations = [(path, method, each) for path, of in schema["paths"].items() for method, each in of.items()]
    assert len(operations) > 10
    for path, method, operation in operations:
        assert "x-roles" in operation, path
        assert operation["security"] == [{"bearer": []}], path
        for status in ("401", "403", "422", "503"):
            assert operation["responses"][status] == {"$ref": "#/components/responses/Problem"}, path
        keys = [
            p for p in operation.get("parameters", []) if p["name"] == "Idempotency-Key" and p["required"]
        ]
        assert len(keys) == (method != "get"), path
    roles = {path: of["get"]["x-roles"] for path, of in schema["paths"].items() if "get" in of}
    audit = {path: ["auditor"] for path in ("/audit", "/audit/head", "/audit/heads")}
    read = {path: ["officer", "school"] for path in ("/things", "/things-by-parameter", "/things/{thing}")}
    assert roles == {**read, "/state": [], **audit}


async def test_nothing_is_described_twice_or_left_open(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for reference in re.findall(r"#/components/(\w+)/(\w+)", str(schema)):
        assert reference[1] in schema["components"][reference[0]]


async def test_a_problem_is_what_the_description_says(things: Things, schema: dict[str, Any]) -> None:
    problem = (await things.post("/refused", {"name": "several"})).json()
    described = {**schema, **schema["components"]["schemas"]["Problem"]}
    jsonschema.validate(problem, described, jsonschema.Draft202012Validator)
    assert problems.Problem.model_validate(problem).status == 422
