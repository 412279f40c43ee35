"""Where in a settings file something stands, so that a mistake can be named with its line."""

import tomllib


def numbers(text: str) -> dict[tuple[str, ...], int]:
    """The line, counted from 1, on which each table and key of a TOML document begins; the document must be valid.

    `tomllib` knows no lines, but it knows when a statement is whole: lines are gathered until it can read them.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    statement, begins = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        statement += line + "\n"
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:  # in the middle of a value
            continue
        header, paths = statement.lstrip().startswith("["), _paths(said)
        for path in paths:
            found.setdefault(path if header else (*table, *path), begins)
        if header:
            table = paths[-1]
        statement, begins = "", number + 1
    return found


def _paths(said: object) -> list[tuple[str, ...]]:
    """Every way down to what one statement says: a dotted key has several, the shortest first."""
    while isinstance(said, list) and said:
        said = said[-1]
    if not isinstance(said, dict):
        return []
    return [path for key, value in said.items() for path in ((key,), *((key, *rest) for rest in _paths(value)))]
