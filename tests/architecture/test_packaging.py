"""What is installed is what is in the repository: the wheel, the pins, the commands."""

import re
import subprocess
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.own_process import python

ROOT = Path(__file__).parents[2]
PINS = (ROOT / "constraints.txt", ROOT / "benchmarks" / "peers" / "drf" / "requirements.txt")
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built now."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    [path] = folder.glob("orderbell-*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_the_wheel_has_every_module_and_every_resource(wheel: set[str]) -> None:
    packages = _pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert {"core/settings/__init__.py", "resources/tokens.json", "core/store/migrations/script.py.mako"} <= wanted
    assert not wanted - wheel


def test_the_wheel_has_nothing_else(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    [about] = [top for top in tops if top.endswith(".dist-info")]
    assert tops == {"core", "pos_app", "customer_view", "resources", about}
    assert f"{about}/licenses/LICENSE" in wheel


def test_every_dependency_is_pinned_to_a_version_that_it_may_have() -> None:
    project = _pyproject()["project"]
    pins = {canonicalize_name(name): version for name, version in _PIN.findall(PINS[0].read_text(encoding="utf-8"))}
    wanted = [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["dev"]]
    assert wanted
    wrong = [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert not wrong, f"pyproject.toml and constraints.txt disagree, run `make lock`: {wrong}"


def test_every_dependency_has_its_reason() -> None:
    project = _pyproject()["project"]
    told = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text(encoding="utf-8").lower()
    wanted = [Requirement(text).name for text in project["dependencies"] + project["optional-dependencies"]["dev"]]
    silent = [name for name in wanted if not re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", told)]
    assert not silent, f"docs/adr/0002-dependencies.md says of each dependency why we have it; not of {silent}"


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.name)
def test_pins_are_hashed_and_name_no_index(pins: Path) -> None:
    text = pins.read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert blocks
    assert not [block.split()[0] for block in blocks if "--hash=sha256:" not in block]
    assert not re.findall(r"^.*(?:--(?:extra-)?index|--find-links|-i |://|file:).*$", text, re.MULTILINE)


@pytest.mark.parametrize("group", ["console_scripts", "gui_scripts"])
def test_commands_lead_somewhere(group: str) -> None:
    ours = [point for point in entry_points(group=group) if point.dist is not None and point.dist.name == "orderbell"]
    assert ours
    for point in ours:
        assert callable(point.load()), point


def _programs(recipe: str) -> set[str]:
    """What a target runs: modules and scripts of the environment."""
    found = re.findall(r"-m (?P<module>[\w.]+)|(?:\$\(BIN\)/|Scripts\\)(?!python\b)(?P<script>[\w-]+)", recipe)
    return {module or script for module, script in found}


def test_what_ci_runs_is_pinned_by_commit() -> None:
    """A tag can be moved to other code; a commit cannot."""
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
    used = [
        line.partition("uses:")[2].strip()
        for workflow in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        for line in workflow.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    assert [each for each in used if not pinned.fullmatch(each)] == []


def test_windows_has_the_same_targets() -> None:
    """But for `help`, which is what no target gives, and two that are the developers' own."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = dict(re.findall(r"^([a-z]+):.*## .*\n((?:\t.*\n)*)", makefile, re.MULTILINE))
    script = (ROOT / "make.cmd").read_text(encoding="utf-8")
    named = re.search(r"echo make (.*?) &", script)
    assert named is not None
    theirs = dict(re.findall(r'^if "%TARGET%"=="([a-z]+)" (?:\(((?:.*\)|\n(?:.*\n)*?\))$)|exit)', script, re.MULTILINE))
    assert named[1].split(" ^| ") == list(theirs)
    assert set(theirs) == set(recipes) - {"help", "lock", "clean"}
    for target, recipe in recipes.items():
        wanted = _programs(recipe.replace("$(MAKE) --no-print-directory test", recipes["test"]))
        assert target not in theirs or _programs(theirs[target]) == wanted, target
