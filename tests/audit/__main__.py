"""Look for known vulnerabilities in the pinned dependencies (pip-audit) and for suspicious code (bandit), and write the
software bill of materials of what is shipped (CycloneDX), to `out/orderbell.cdx.json`.

Ends with 1 when something was found, and with 2 when nothing was, but some of it could not be looked at: without a
vulnerability service in reach, nobody knows.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.tools import ROOT, environment

SHIPPED: Final = ("core", "pos_app", "customer_view", "resources")
CHECKED_LINE_BY_LINE: Final = "B104,B608"
"""Addresses to listen on and SQL made of text: ruff asks the same (S104, S608), and each line says why it is right."""
BILL: Final = ROOT / "out" / "orderbell.cdx.json"
OK, FOUND, UNKNOWN = range(3)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.parse_args(argv)
    scripts = environment(Path(__file__).parent / "requirements.txt")
    came = {"bandit": bandit(scripts), "bill of materials": bill_of_materials(scripts), "pip-audit": pip_audit(scripts)}
    print()
    for name, status in came.items():
        print(f"{name}: {('ok', 'FOUND SOMETHING', 'COULD NOT TELL')[status]}")
    return FOUND if FOUND in came.values() else max(came.values())


def bandit(scripts: Path) -> int:
    command = [str(scripts / "bandit"), "--quiet", "--recursive", *SHIPPED, "--severity-level", "medium"]
    return FOUND if subprocess.run([*command, "--skip", CHECKED_LINE_BY_LINE], cwd=ROOT, check=False).returncode else OK


def pip_audit(scripts: Path) -> int:
    """What cannot be looked up is left out by pip-audit, which then finds nothing and is content; we are not."""
    command = [str(scripts / "pip-audit"), "--requirement", "constraints.txt", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit could not ask: {done.stderr.strip().splitlines()[-1:]}")
        return UNKNOWN
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    weak = [(package, each) for package in packages for each in package.get("vulns", ())]
    for package, each in weak:
        fixed = ", ".join(each["fix_versions"]) or "none yet"
        print(f"{package['name']} {package['version']}: {each['id']} (fixed in: {fixed})")
    print(f"pip-audit: {len(packages) - len(skipped)} packages looked up, {len(weak)} known vulnerabilities")
    if skipped:
        print(f"pip-audit could not look up {len(skipped)} packages, so nothing is known of: {', '.join(skipped)}")
    return FOUND if weak else UNKNOWN if skipped or not packages else OK


def bill_of_materials(scripts: Path) -> int:
    BILL.parent.mkdir(exist_ok=True)
    command = [str(scripts / "cyclonedx-py"), "environment", sys.executable, "--pyproject", "pyproject.toml"]
    command += ["--output-format", "JSON", "--output-file", str(BILL), "--output-reproducible"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        print(done.stderr)
        return UNKNOWN
    bill = json.loads(BILL.read_text(encoding="utf-8"))
    needs = _needs()
    refs = {_name(each["name"]): each["bom-ref"] for each in bill["components"]}
    root = bill["metadata"]["component"]["bom-ref"]
    bill["components"] = [each for each in bill["components"] if _name(each["name"]) in needs]
    bill["dependencies"] = [
        {"ref": refs.get(name, root), "dependsOn": sorted(refs[each] for each in needed if each in refs)}
        for name, needed in sorted(needs.items())
    ]
    BILL.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    print(f"{len(bill['components'])} packages are shipped: {BILL.relative_to(ROOT).as_posix()}")
    return OK


def _needs() -> dict[str, set[str]]:
    """For the product and each package that it needs: what it needs, by its own word, on this machine."""
    needs: dict[str, set[str]] = {}
    waiting = [("orderbell", "postgresql")]
    while waiting:
        name, extra = waiting.pop()
        try:
            stated = [Requirement(each) for each in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:
            continue  # not for this machine, by a marker of somebody who needs it
        wanted = [each for each in stated if _applies(each, "") or _applies(each, extra)]
        known = needs.setdefault(name, set())
        for each in wanted:
            if _name(each.name) not in known:
                known.add(_name(each.name))
                waiting += [(_name(each.name), each_extra) for each_extra in each.extras or {""}]
    return needs


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _name(name: str) -> str:
    return str(canonicalize_name(name))


if __name__ == "__main__":
    sys.exit(main())
