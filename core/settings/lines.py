"""Line numbers in a settings file, for error messages."""

import tomllib


def numbers(text: str) -> dict[tuple[str, ...], int]:
    """The line, counted from 1, of each table and key of a TOML document; the document must be valid.

    `tomllib` reports no lines, but whether a statement is complete: lines are gathered until it can parse them.
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
    """The paths of one statement: a dotted key has several, the shortest first."""
    while isinstance(said, list) and said:
        said = said[-1]
    if not isinstance(said, dict):
        return []
    return [path for key, value in said.items() for path in ((key,), *((key, *rest) for rest in _paths(value)))]
