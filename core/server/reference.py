"""The API reference, made of the OpenAPI document: `python -m core.server.reference` writes `docs/api.md`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from core.protocol import routes
from core.protocol.feed import Close
from core.protocol.replies import Document
from core.protocol.route import Who
from core.server.endpoints.openapi import document
from core.server.routes import ENDPOINTS

_FOR: Final = {
    Who.CUSTOMER: "A customer",
    Who.STAFF: "Staff, in their own shop",
    Who.ADMIN: "An admin, or whoever has the right, in their own shop",
    Who.PERSON: "A customer or staff",
    Who.DISPLAY: "A display of the shop",
    Who.SIGNED_IN: "Whoever is signed in",
    Who.PUBLIC: "Anybody",
    Who.OPERATOR: "The operator: a command on the server's own machine",
    Who.MONITOR: "What watches the server: on its own machine, or with `metrics_token`",
}
_CODES: Final = "\n".join(f"| {int(code)} | {code.name.lower().replace('_', ' ')} |" for code in Close)
_INTRODUCTION: Final = f"""\
# API reference

Made of the OpenAPI document by `python -m core.server.reference`; a test says when it no longer fits. The document
itself is at `{routes.DOCUMENT.path}` of every server.

- **Who asks** is said by `Authorization: Bearer <access token>`, from one of the sign-ins, and by nothing else. Public
  addresses need none; one that is sent must be valid all the same.
- **Errors** are problems (RFC 9457, `application/problem+json`): branch on `type`, show `title` and `detail`, and mark
  what `field` names. On a conflict, `order` is the order as the server has it.
- **On whose behalf** may be said: with `Operation-Owner: <a person's id>`, anybody else's token is refused with 401.
- **Writing twice** is harmless: the same `Idempotency-Key` with the same request gives the same reply, marked
  `Idempotency-Replayed: true`. With another request it is refused. `Operation-Outcome` says what became of it.
- **A number that was told is kept.** The answer to a new order that was sent under a key has `Order-Number`: its number
  and a proof. Keep it, and give it back as it is when you send the same order under the same key again: should the
  server have lost the order (it was restored from a backup), the order gets that number again. Where another order has
  it by now, `Former-Number` on the answer is the number that was told: tell people the new one.
- **What an operation is based on** may be said: its `Event-Cursor`, sent with a later write, is a cursor of the history
  in which its sender has seen what the write names. A server whose history is another one (it was restored) answers 409
  `diverged`, and does nothing: its versions of the same numbers may have another content.
- **Asking again** is cheap: send an `ETag` back as `If-None-Match`, and the answer is 304 as long as nothing changed.
- **Amounts** are whole numbers of the currency's minor unit. **Instants** are ISO 8601 in UTC. Fields that are not
  known are ignored, in both directions.
- **Every answer** has an `X-Request-Id`, under which the server's log has it.

## The socket: `{routes.SOCKET_PATH}`

A WebSocket on which the same events come by themselves. The client's first message is a `Hello` with its token and the
cursor it stands at; the server answers with what was missed, then with a `Heartbeat`, then with what happens.
`core/protocol/feed.py` says how to follow it. It is closed with one of these codes, and with 403 before it opens when
a browser's page asks for it:

| code | why |
|---|---|
{_CODES}
"""


def markdown(found: Document) -> str:
    """The whole reference."""
    return "\n".join([_INTRODUCTION, *_sections(found), *_types(found)]).rstrip() + "\n"


def _sections(found: Document) -> Iterator[str]:
    for who, title in _FOR.items():
        operations = [
            (method.upper(), path, operation)
            for path, methods in found.paths.items()
            for method, operation in methods.items()
            if who.value in operation["tags"]
        ]
        if operations:
            yield f"## {title}\n"
        for method, path, operation in operations:
            yield from _operation(method, path, operation)


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### `{method} {path}`\n\n{operation['summary']}.\n"
    if operation["parameters"]:
        yield "| parameter | in | | |\n|---|---|---|---|"
        for each in operation["parameters"]:
            needed = "required" if each.get("required") else ""
            yield f"| `{each['name']}` | {each['in']} | {_type(each['schema'])} | {needed} |"
        yield ""
    body = operation.get("requestBody")
    if body is not None:
        (content,) = body["content"].values()
        yield f"Body: {_type(content['schema'])}\n"
        yield from _example(content)
    for status, reply in operation["responses"].items():
        if status < "300":
            for content_type, content in reply.get("content", {}).items():
                told = "" if content_type == "application/json" else f" (`{content_type}`)"
                yield f"Reply {status}{told}: {_type(content['schema'])}\n"
                yield from _example(content)
    others = [
        status
        for status in operation["responses"]
        if status >= "300" or "content" not in operation["responses"][status]
    ]
    described = [f"{status} {operation['responses'][status]['description']}" for status in others]
    yield f"Also: {', '.join(described)}\n"


def _example(content: dict[str, Any]) -> Iterator[str]:
    if "example" in content:
        yield f"```json\n{json.dumps(_without_defaults(content['example']), indent=2, ensure_ascii=False)}\n```\n"


def _without_defaults(value: Any) -> Any:
    """An example without the fields that have their default value."""
    if isinstance(value, dict):
        return {name: _without_defaults(each) for name, each in value.items() if each not in (None, "", [], ())}
    if isinstance(value, list | tuple):
        return [_without_defaults(each) for each in value]
    return value


def _types(found: Document) -> Iterator[str]:
    yield "## Types\n"
    for name, schema in sorted(found.components["schemas"].items()):
        yield f"### {name}\n"
        if "description" in schema:
            yield f"{schema['description']}\n"
        if "properties" not in schema:
            yield f"{_type({name: each for name, each in schema.items() if name != 'description'})}\n"
            continue
        yield "| field | | |\n|---|---|---|"
        for field, of in schema["properties"].items():
            needed = "required" if field in schema.get("required", ()) else _default(of)
            yield f"| `{field}` | {_type(of)} | {needed} |"
        yield ""


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    return "" if default in (None, "", []) else f"default `{json.dumps(default)}`"


def _type(schema: dict[str, Any]) -> str:
    """A type for a table's cell."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[several]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    said = [schema.get("format", schema.get("type", "anything")), *_limits(schema)]
    if schema.get("description"):
        said.append(f"({schema['description']})")
    return " ".join(said).replace("|", "\\|")


def _limits(schema: dict[str, Any]) -> Iterator[str]:
    least, most = (schema.get(name) for name in ("minimum", "maximum"))
    if least is not None or most is not None:
        yield f"{'' if least is None else least}–{'' if most is None else most}"
    if "maxLength" in schema:
        yield f"up to {schema['maxLength']} characters"
    if "pattern" in schema and "format" not in schema:
        yield f"like `{schema['pattern']}`"


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "docs" / "api.md"
    path.write_text(markdown(document(ENDPOINTS)), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
