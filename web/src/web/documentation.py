"""The description of an API (OpenAPI 3.1) and the page that shows it, with nothing from another host."""

from collections.abc import Iterator
from html import escape
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import Response
from starlette.routing import Route

from web import idempotency, problems
from web.edge import page
from web.routing import UNSAFE, requirements_of

# Swagger UI sets styles through the DOM and draws its icons from data: addresses in its style sheet.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """"use strict";
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


def install(app: FastAPI) -> None:
    """Serve `/docs` and what it needs, and describe problems, keys and roles in `/openapi.json`."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(FastAPI.openapi(app), app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend it

    async def docs(_: Request) -> Response:
        return page(_PAGE.format(title=escape(app.title)), policy=_POLICY)

    app.router.routes.append(Route("/docs", docs, include_in_schema=False))
    app.router.routes.append(Route("/docs/start.js", _start, include_in_schema=False))
    app.router.routes.append(Route("/docs/{name}", _file, include_in_schema=False))


async def _start(_: Request) -> Response:
    return Response(_START, media_type="text/javascript")


async def _file(request: Request) -> Response:
    name = PurePosixPath(request.path_params["name"]).name
    if name not in _FILES:
        return problems.answer(404, "no_such_address", "There is nothing at this address")
    content = (resources.files("fastapi_swagger.resources") / name).read_bytes()
    return Response(content, media_type=_FILES[name], headers={"Cache-Control": "public, max-age=86400"})


def _complete(schema: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for superseded in ("HTTPValidationError", "ValidationError"):
        schemas.pop(superseded, None)
    problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    components["responses"] = {
        "Problem": {
            "description": "Refused, with the rule and the field (RFC 9457)",
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    for operation, route, method in _operations(schema, app):
        _describe(operation, route, method)
    return schema


def _operations(schema: dict[str, Any], app: FastAPI) -> Iterator[tuple[dict[str, Any], APIRoute, str]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or context.path_format is None:
            continue
        for method in context.methods or ():
            operation = schema["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                yield operation, route, method


def _describe(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    roles = [requirement.roles for requirement in requirements_of(route.dependant)]
    if roles:
        operation["x-roles"] = sorted(set.intersection(*map(set, roles)))
    refusals = ["401", "403", "422", "503"]
    if "{" in route.path_format:
        refusals.append("404")
    if method in UNSAFE:
        refusals += ["400", "409"]
        operation["responses"][str(route.status_code or 200)].setdefault("headers", {})[
            idempotency.REPLAYED
        ] = {"description": "`true` where the answer was given before", "schema": {"type": "string"}}
    for status in sorted(refusals):
        known = operation["responses"].get(status)
        if known is None or "HTTPValidationError" in str(known):
            operation["responses"][status] = {"$ref": "#/components/responses/Problem"}
