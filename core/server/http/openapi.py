"""The OpenAPI 3.1 document of the table of endpoints."""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import msgspec

from core.protocol import problem
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.problem import Problem
from core.server.http.endpoint import ORDER_ID, AnyEndpoint, Keyed, Nothing, Who

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


class Document(msgspec.Struct, frozen=True):
    """An OpenAPI description (https://spec.openapis.org/oas/v3.1.1)."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


@cache
def encoded(endpoints: tuple[AnyEndpoint, ...]) -> bytes:
    return msgspec.json.encode(document(endpoints))


def document(endpoints: Sequence[AnyEndpoint]) -> Document:
    bodies = [endpoint.body for endpoint in endpoints if endpoint.body is not Nothing]
    replies = [endpoint.reply for endpoint in endpoints if endpoint.reply is not Nothing]
    types = list(dict.fromkeys([*bodies, *replies, Problem]))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schema_of)
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
    """Patterns as JSON Schema has them (ECMA 262): there `$` is the end and nothing else, and `\\Z` a letter. And texts
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
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.handler.__module__.rsplit('.', 1)[-1]}_{endpoint.name or endpoint.handler.__name__}",
        "summary": endpoint.summary,
        "tags": [endpoint.who.value],
        "security": [{}, _BEARER] if endpoint.who in _OPTIONAL else [_BEARER],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, schema_of),
    }
    if endpoint.body is not Nothing:
        content = _content(schema_of[endpoint.body], endpoint.example)
        required = any(field.required for field in msgspec.structs.fields(endpoint.body))
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _parameters(endpoint: AnyEndpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if endpoint.parameter:
        schema = {"type": "string", "format": "uuid"} if ORDER_ID in endpoint.path else {"type": "string"}
        found.append({"name": endpoint.parameter, "in": "path", "required": True, "schema": schema})
    if endpoint.keyed is not Keyed.UNUSED:
        found.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": endpoint.keyed is Keyed.REQUIRED,
                "description": "The same key with the same request gives the same reply and does nothing twice.",
                "schema": {"type": "string", "maxLength": 100},
            }
        )
    if endpoint.conditional:
        described = "An ETag that was given before: the answer is 304 without a body as long as nothing has changed."
        found.append({"name": "If-None-Match", "in": "header", "description": described, "schema": {"type": "string"}})
    for field in msgspec.structs.fields(endpoint.query):
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
    success: dict[str, Any] = {"description": _phrase(endpoint.status)}
    if endpoint.reply is not Nothing:
        success["content"] = _content(schema_of[endpoint.reply], endpoint.example_reply, endpoint.content_type)
    if endpoint.conditional:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {str(endpoint.status): success}
    if endpoint.conditional:
        responses["304"] = {"description": _phrase(304)}
    for status in sorted(_refusals(endpoint)):
        responses[str(status)] = {
            "description": _phrase(status),
            "content": {problem.CONTENT_TYPE: {"schema": schema_of[Problem]}},
        }
    return responses


def _refusals(endpoint: AnyEndpoint) -> set[int]:
    found = set(endpoint.refusals)
    found.add(401)  # of a public one, too, when the token that was sent is not valid
    if endpoint.who is not Who.PUBLIC:
        found.add(403)
    if ORDER_ID in endpoint.path:
        found.add(404)
    if endpoint.body is not Nothing:
        found |= {400, 413, 415, 422}
    if msgspec.structs.fields(endpoint.query):
        found.add(422)
    if endpoint.keyed is not Keyed.UNUSED:
        found |= {400, 422}
    return found


def _content(schema: Any, example: Any, content_type: str = "application/json") -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = msgspec.to_builtins(example)
    return {content_type: content}
