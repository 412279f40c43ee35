"""The OpenAPI 3.1 document of the endpoints."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import msgspec

from core.domain.tenders import Tender
from core.protocol import problem
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.problem import Problem
from core.protocol.replies import Document
from core.protocol.route import ORDER_ID, AnyRoute, Keyed, Nothing, Who
from core.server.endpoints.endpoint import AnyEndpoint
from core.wire_enum import LONGEST

VERSION: Final = version("orderbell")
_RENAMED: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
_BEARER: Final[dict[str, list[str]]] = {"bearer": []}
_OPTIONAL: Final = (Who.PUBLIC, Who.MONITOR)
_REF: Final = "#/components/schemas/{name}"


@cache
def encoded(endpoints: tuple[AnyEndpoint, ...]) -> bytes:
    return msgspec.json.encode(document(endpoints))


def document(endpoints: Sequence[AnyEndpoint]) -> Document:
    routes = [endpoint.route for endpoint in endpoints]
    given = [*(route.body for route in routes), *(route.reply for route in routes), Problem]
    types = [each for each in dict.fromkeys(given) if each is not Nothing]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    # A shop's own are in no release.
    components[Tender.__name__] = {
        "title": Tender.__name__,
        "type": "string",
        "maxLength": LONGEST,
        "description": f"{components[Tender.__name__]['description']} Every shop has: {', '.join(Tender)}.",
    }
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.route.path, {})[endpoint.route.method.lower()] = _operation(endpoint, schema_of)
    return Document(
        openapi="3.1.0",
        info={"title": "Orderbell", "version": VERSION, "license": {"name": "MIT", "identifier": "MIT"}},
        paths=_in_json_schema(paths),
        components={
            "schemas": _in_json_schema(components),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    )


def _in_json_schema(found: Any) -> Any:
    r"""Patterns in JSON Schema's dialect (ECMA 262), where `$` matches only at the end and `\Z` is a letter. Texts
    without the indentation that docstrings have before Python 3.13."""
    match found:
        case dict():
            changed = {name: _in_json_schema(value) for name, value in found.items()}
            if isinstance(found.get("pattern"), str):
                changed["pattern"] = found["pattern"].replace(r"\Z", "$")
            if isinstance(found.get("description"), str):
                changed["description"] = cleandoc(found["description"])
            return changed
        case list():
            return [_in_json_schema(each) for each in found]
        case _:
            return found


def _operation(endpoint: AnyEndpoint, schema_of: dict[Any, Any]) -> dict[str, Any]:
    route = endpoint.route
    operation: dict[str, Any] = {
        "operationId": route.id,
        "summary": route.summary,
        "tags": [route.who.value],
        "security": [{}, _BEARER] if route.who in _OPTIONAL else [_BEARER],
        "parameters": _parameters(route),
        "responses": _responses(endpoint, schema_of),
    }
    if route.body is not Nothing:
        content = _content(schema_of[route.body], endpoint.example)
        required = any(field.required for field in msgspec.structs.fields(route.body))
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _parameters(route: AnyRoute) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if route.parameter:
        schema = {"type": "string", "format": "uuid"} if ORDER_ID in route.path else {"type": "string"}
        found.append({"name": route.parameter, "in": "path", "required": True, "schema": schema})
    if route.keyed is not Keyed.UNUSED:
        found.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": route.keyed is Keyed.REQUIRED,
                "description": "The same key with the same request gives the same reply and does nothing twice.",
                "schema": {"type": "string", "maxLength": 100},
            }
        )
    if route.conditional:
        described = "An ETag that was given before: the answer is 304 without a body as long as nothing has changed."
        found.append({"name": "If-None-Match", "in": "header", "description": described, "schema": {"type": "string"}})
    for field in msgspec.structs.fields(route.query):
        schema = msgspec.json.schema(field.type)
        parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        if schema.pop("$defs", None):
            parameter["schema"] = {"type": "array", "items": {"type": "string"}}
        found.append(parameter)
    return found


def _phrase(status: int) -> str:
    """RFC 9110's name of a status. Before 3.13 Python has older ones; the document is the same everywhere."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def _responses(endpoint: AnyEndpoint, schema_of: dict[Any, Any]) -> dict[str, Any]:
    route = endpoint.route
    success: dict[str, Any] = {"description": _phrase(route.status)}
    if route.reply is not Nothing:
        success["content"] = _content(schema_of[route.reply], endpoint.example_reply, route.content_type)
    if route.conditional:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {str(route.status): success}
    if route.conditional:
        responses["304"] = {"description": _phrase(304)}
    for status in sorted(_refusals(route)):
        responses[str(status)] = {
            "description": _phrase(status),
            "content": {problem.CONTENT_TYPE: {"schema": schema_of[Problem]}},
        }
    return responses


def _refusals(route: AnyRoute) -> set[int]:
    found = set(route.refusals)
    found.add(401)  # of a public one, too, when the token that was sent is not valid
    if route.who is not Who.PUBLIC:
        found.add(403)
    if ORDER_ID in route.path:
        found.add(404)
    if route.body is not Nothing:
        found |= {400, 413, 415, 422}
    if msgspec.structs.fields(route.query):
        found.add(422)
    if route.keyed is not Keyed.UNUSED:
        found |= {400, 422}
    return found


def _content(schema: Any, example: Any, content_type: str = "application/json") -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = msgspec.to_builtins(example)
    return {content_type: content}
