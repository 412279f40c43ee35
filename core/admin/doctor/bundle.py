"""The support bundle: the state of the shop's software, without personal data."""

import errno
import os
import re
import zipfile
from collections.abc import Mapping
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec

from core import settings, urls
from core.files import write_for_person
from core.logs import hide_secrets
from core.protocol.health import Diagnosis
from core.server.settings import SECTION, ServerSettings
from core.settings import Loaded

LOG_LINES: Final = 500
_HIDDEN: Final = urls.HIDDEN
_E_MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.-]+")
_PHONE: Final = re.compile(r"(?<![\w.:-])\+?\d(?:[ ()./-]?\d){6,14}(?![\w:-])")
"""Seven digits and more in a row, as people write numbers."""


def write(path: Path, diagnosis: Diagnosis, loaded: Loaded[ServerSettings] | None, log: Path | None) -> list[str]:
    """Write the zip, and return the names of its files. Raises `FileExistsError`, `OSError`."""
    parts = {
        "doctor.json": _json(diagnosis),
        "versions.txt": "".join(f"{name} {version}\n" for name, version in sorted(_versions().items())),
    }
    if loaded is not None:
        parts["settings.json"] = _json(_settings(loaded))
    if log is not None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
        parts["log.txt"] = "\n".join(lines) + "\n"
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts.items():
            bundle.writestr(name, redacted(text))
    write_for_person(path, made.getvalue())
    return list(parts)


def redacted(text: str) -> str:
    """`text` without secrets, e-mail addresses and telephone numbers."""
    return _PHONE.sub(_HIDDEN, _E_MAIL.sub(_HIDDEN, hide_secrets(text)))


def _settings(loaded: Loaded[ServerSettings]) -> Mapping[str, object]:
    shown = {
        name: {"value": settings.shown(ServerSettings, name, getattr(loaded.values, name)), "from": origin}
        for name, origin in loaded.origins.items()
    }
    return {SECTION: shown}


def _versions() -> dict[str, str]:
    return {each.metadata["Name"]: each.version for each in distributions()}


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
