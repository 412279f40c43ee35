"""Ask a real backend, as every role, what its OpenAPI document allows and much that it does not.

Ends with 1 when an answer was a server error, or not what the document says that it is. What failed is printed with the
request to repeat it; the same `--seed` asks the same again.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.domain.ids import ShopId
from core.domain.people import Principal, Role
from core.protocol.route import Who
from core.server.auth import keys
from core.server.auth.tokens import LOCAL, AccessTokens
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.support import shop
from tests.support.server import ServerProcess
from tests.support.tools import environment

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "missing_required_header",
    "ignored_auth",
)
LEFT_OUT: Final = "/api/auth/sign-out/"
"""It ends the session that all the other questions are asked in; `nobody` asks it."""
LIFE_S: Final = 86_400
_ASKED: Final = re.compile(r"(\d[\d,]*) generated")


class Asked(msgspec.Struct, frozen=True):
    """What came of one role's questions."""

    role: str
    cases: int
    status: int
    seconds: float
    said: str


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="random requests an operation and role (default: 20)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="ask the same again")
    parser.add_argument("--phases", default="examples,coverage,fuzzing", help="of Schemathesis (default: %(default)s)")
    parser.add_argument("--role", action="append", help="as this role only; may be given again")
    parser.add_argument("--path", help="only addresses that this regular expression finds")
    options = parser.parse_args(argv)
    tool = environment(Path(__file__).parent / "requirements.txt") / "st"
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="orderbell-fuzz-") as directory:
        folder = Path(directory)
        shop.lay_out(folder / "orderbell.db")
        with ServerProcess(folder, "--access-token-s", str(LIFE_S), "--backup-every-h", "0") as server:
            asked = [
                _ask(tool, caller, role, folder, options)
                for role, caller in _roles(server, folder).items()
                if not options.role or role in options.role
            ]
            alive = Caller(server.url).get("/readyz").status_code == 200
        errors = [line for line in server.log().splitlines() if "Traceback" in line or " error " in line]
    return _tell(asked, errors, alive=alive)


def _roles(server: ServerProcess, folder: Path) -> dict[str, Caller]:
    return {
        "nobody": Caller(server.url),
        "customer": calls.customer(server),
        "cashier": calls.staff(server),
        "display": calls.display(server),
        "admin": _operator(server, folder),  # last, as it disables people and devices
    }


def _operator(server: ServerProcess, folder: Path) -> Caller:
    """An admin whom nobody can disable: a command of this machine."""
    access = AccessTokens(keys.read(folder / "keys.json"), LIFE_S)
    token = access.sign(Principal(subject=LOCAL, role=Role.ADMIN, name="fuzz", session_id=LOCAL, shop_id=ShopId("")))
    return Caller(server.url, {"access_token": token})


def _ask(tool: Path, caller: Caller, role: str, folder: Path, options: argparse.Namespace) -> Asked:
    config = folder / f"{role}.toml"
    config.write_text(_config(role, caller), encoding="utf-8")
    command = [str(tool), "--config-file", str(config), "run", f"{caller.url}/api/openapi.json", "--no-color"]
    command += ["--checks", ",".join(CHECKS), "--max-examples", str(options.examples), "--seed", str(options.seed)]
    command += ["--phases", options.phases, "--generation-database", "none", "--continue-on-failure"]
    command += ["--request-timeout", "30", "--suppress-health-check", "all"]
    command += ["--warnings", "off"]
    if role != "nobody":
        command += ["--header", f"Authorization: Bearer {caller.token}", "--exclude-path", LEFT_OUT]
        for who in Who:
            if who not in (Who.PUBLIC, Who.MONITOR) and Role(role) not in who.roles:
                command += ["--exclude-tag", who.value]  # which is `test_authorisation.py`'s
    if options.path:
        command += ["--include-path-regex", options.path]
    began = time.monotonic()
    print(f"{role}: ...", end="", flush=True)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    found = _ASKED.search(done.stdout)
    cases = int(found[1].replace(",", "")) if found else 0
    asked = Asked(role, cases, done.returncode, time.monotonic() - began, done.stdout + done.stderr)
    print(f"\r{role}: {cases:,} cases in {asked.seconds:.0f} s, {'ok' if not asked.status else 'FAILED'}", flush=True)
    return asked


def _config(role: str, caller: Caller) -> str:
    """An order that is there, for those who may see it: a question about any other ends before its body is read."""
    if role not in (Role.CUSTOMER, Role.CASHIER):
        return ""
    path = "/api/online/orders/" if role == Role.CUSTOMER else "/api/pos/orders/"
    placed = caller.post(path, order_body(), key=new_key())
    assert placed.status_code == 201, placed.text
    return f'[parameters]\n"path.order_id" = "{placed.json()["id"]}"\n'


def _tell(asked: Sequence[Asked], errors: Sequence[str], *, alive: bool) -> int:
    for each in asked:
        if each.status or not each.cases:
            print(f"\n--- {each.role}\n{each.said}")
    for line in errors[:20]:
        print(line)
    print(f"{sum(each.cases for each in asked):,} cases, {len(errors)} errors in the server's log")
    if not alive:
        print("the server was no longer ready")
    return int(bool(errors) or not alive or any(each.status or not each.cases for each in asked))


if __name__ == "__main__":
    sys.exit(main())
