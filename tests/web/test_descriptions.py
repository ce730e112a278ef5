"""What `/docs` of each service tells a reader: operations by name and sentence, fields by example."""

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import jsonschema
import pytest
from tests.web.things import AUDIENCE, ISSUER, Runtime

from chassis.settings import ServiceSettings
from chassis.transaction import Pool

SERVICES: Final = ("applications", "evaluation", "placement", "notifications")
URL: Final = "postgresql://nobody@127.0.0.1:1/nowhere"


class Description:
    """A service's OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.components: dict[str, Any] = document["components"]
        self.schemas: dict[str, Any] = self.components["schemas"]
        self.operations = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def asked(self) -> dict[str, bool]:
        """The properties of all request bodies, and whether each shows an example."""
        bodies = [
            content["schema"]
            for operation in self.operations.values()
            for content in operation.get("requestBody", {}).get("content", {}).values()
        ]
        return {
            f"{model}.{name}": self.shows(schema)
            for model in set(self._models(*bodies))
            for name, schema in self.schemas[model].get("properties", {}).items()
        }

    def shows(self, schema: dict[str, Any]) -> bool:
        """Whether a reader sees an example: of the value itself, or of all that it is made of."""
        if "examples" in schema:
            return True
        parts = list(_parts(schema))
        if "$ref" in schema:
            referred = self.schemas[_name(schema)]
            return "properties" in referred or self.shows(referred)
        return any(self.shows(part) for part in parts)

    def _models(self, *schemas: dict[str, Any]) -> Iterator[str]:
        found: set[str] = set()
        waiting = list(schemas)
        while waiting:
            schema = waiting.pop()
            waiting += _parts(schema)
            if "$ref" in schema and (name := _name(schema)) not in found:
                found.add(name)
                waiting += [self.schemas[name], *self.schemas[name].get("properties", {}).values()]
        yield from found


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for several in ("anyOf", "oneOf", "allOf", "prefixItems"):
        yield from schema.get(several, [])
    for one in ("items", "additionalProperties"):
        if isinstance(schema.get(one), dict):
            yield schema[one]


@pytest.fixture
async def description(request: pytest.FixtureRequest, tmp_path: Path) -> Description:
    settings = ServiceSettings(
        database_url=URL,
        identity_keys=tmp_path / "jwks.json",
        identity_issuer=ISSUER,
        identity_audience=AUDIENCE,
    )
    pool = Pool(asyncpg.create_pool(URL, min_size=0))
    api = importlib.import_module(f"{request.param}.http").api
    return Description(api(Runtime(pool, settings)).openapi())


each_service = pytest.mark.parametrize("description", SERVICES, indirect=True)


@each_service
async def test_every_operation_has_a_name_of_its_own_and_a_sentence(description: Description) -> None:
    names = {operation: told["summary"] for operation, told in description.operations.items()}
    often = Counter(names.values())
    assert [operation for operation, name in names.items() if often[name] > 1 or " " not in name] == []
    assert [
        operation for operation, told in description.operations.items() if "description" not in told
    ] == []


@each_service
async def test_every_field_that_is_asked_for_has_an_example(description: Description) -> None:
    asked = description.asked()
    assert asked
    assert sorted(field for field, shown in asked.items() if not shown) == []


@each_service
async def test_an_example_keeps_the_rules_of_its_field(description: Description) -> None:
    for model, described in description.schemas.items():
        for name, schema in described.get("properties", {}).items():
            validator = jsonschema.Draft202012Validator(schema | {"components": description.components})
            for example in schema.get("examples", []):
                assert validator.is_valid(example), f"{model}.{name}: {example}"
