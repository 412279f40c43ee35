"""Hides passwords in URLs, in any form."""

import re
from typing import Final

HIDDEN: Final = "[hidden]"
_PAGES_USER: Final = re.compile(r"((?<![\w+.-])(?:https?|wss?)://[^\s:/@]*+:)[^\s@/]++(?=@)")
_OTHER: Final = re.compile(r"(?<!http)(?<!https)(?<!ws)(?<!wss)://\S++")
_USER: Final = re.compile(r"://[^:/@]*+:")
_WHOLE: Final = re.compile(r"\A([A-Za-z][\w+.-]*+://[^:/@]*+:).+(?=@)", re.DOTALL)
_PARAMETER: Final = re.compile(r"[?&]([^=&\s?#]*+)=([^\s&#\"']++)")
_SECRET: Final = re.compile(r"(?i)passw(?:or)?d|passphrase|secret|token")


def hidden(text: str) -> str:
    """`text` with the passwords in its URLs hidden: of users, and of parameters (libpq's `?password=…`,
    `&sslpassword=…`)."""
    if "://" not in text:
        return text
    return _PARAMETER.sub(_parameter, _OTHER.sub(_database, _PAGES_USER.sub(rf"\1{HIDDEN}", text)))


def shown(url: str) -> str:
    """`hidden` for a text that is one URL: its password may have blanks in it."""
    return hidden(_WHOLE.sub(rf"\1{HIDDEN}", url))


def _database(found: re.Match[str]) -> str:
    """To the last `@`: an unquoted password may contain any character, a `/` and an `@` too."""
    url = found[0]
    user, last = _USER.search(url), url.rfind("@")
    return url if user is None or last < user.end() else f"{url[: user.end()]}{HIDDEN}{url[last:]}"


def _parameter(found: re.Match[str]) -> str:
    return found[0].removesuffix(found[2]) + HIDDEN if _SECRET.search(found[1]) else found[0]
