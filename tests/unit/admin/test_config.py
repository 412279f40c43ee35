"""`orderbell config`, and what is made from the settings' declarations."""

import json
import re
import tomllib
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from core import settings
from core.admin import config
from core.admin.cli import main
from core.settings import document

ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orderbell.toml"
    path.write_text("[server]\nport = 9000\n\n[board]\nsecret = 'K7QF-2M9X'\n", encoding="utf-8")
    return path


def test_every_section_that_is_known_is_declared() -> None:
    assert tuple(config.sections()) == settings.SECTIONS


def test_the_page_is_current() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert text == config.page(), "Make it again: orderbell config template --markdown > docs/settings.md"


def test_every_setting_says_what_it_is() -> None:
    for name, section in config.sections().items():
        hints = get_type_hints(section.declared, include_extras=True)
        for field in msgspec.structs.fields(section.declared):
            assert settings.description(hints[field.name]), f"[{name}] {field.name} has no description"


def test_a_template_says_every_default_and_nothing_else() -> None:
    template = document.toml(config.sections())
    assert tomllib.loads(template) == {name: {} for name in settings.SECTIONS}
    said = tomllib.loads(re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", template))
    for name, section in config.sections().items():
        assert msgspec.convert(said[name], section.declared) == section.declared()


def test_what_was_chosen_stands_in_the_file() -> None:
    chosen: dict[str, dict[str, object]] = {
        "server": {"port": 9000, "database_url": 'postgresql://a"b\\c'},
        "pos": {"sounds": False},
    }
    text = document.toml(config.sections(), chosen)
    assert tomllib.loads(text) == {name: chosen.get(name, {}) for name in settings.SECTIONS}


def test_show_says_where_the_data_is_when_nobody_has_chosen_a_place(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(config, "data_dir", lambda: tmp_path / "orderbell")
    assert main(["config", "show", "server", "--config", str(file)]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("data_dir")]
    assert str(tmp_path / "orderbell")[:20] in line


def test_show_says_where_each_value_came_from(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERBELL_HOST", "::1")
    monkeypatch.setenv("ORDERBELL_DATABASE_URL", "postgresql+psycopg://shop:hush@db/orders")
    assert main(["config", "show", "--json", "--config", str(file)]) == 0
    shown = json.loads(capsys.readouterr().out)
    server = shown["server"]
    assert server["port"] == {"value": 9000, "origin": f"{file}:2"}
    assert server["host"] == {"value": "::1", "origin": "ORDERBELL_HOST"}
    assert server["refresh_days"] == {"value": 30, "origin": "default"}
    assert server["database_url"]["value"] == "postgresql+psycopg://shop:[hidden]@db/orders"
    assert shown["board"]["secret"] == {"value": "[hidden]", "origin": f"{file}:5"}
    assert main(["config", "show", "board", "--config", str(file)]) == 0
    table = capsys.readouterr().out
    assert f"{file}:5" in table
    assert "K7QF" not in table
    assert "[server]" not in table


def test_check_tells_every_mistake_of_every_section_once(
    file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["config", "check", "--config", str(file)]) == 0
    assert "can be used" in capsys.readouterr().out
    file.write_text("[server]\nport = 0.5\n[bord]\n[pos]\nthem = 'dark'\nserver_url = 'http://192.0.2.1'\n")
    assert main(["config", "check", "--config", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.count("no section [bord]. Did you mean 'board'?") == 1
    assert f"(from {file}:2)" in told
    assert f"{file}:5: [pos] has no setting 'them'. Did you mean 'theme'?" in told
    assert main(["config", "check", "--config", str(tmp_path / "none.toml")]) == 2


def test_path_is_the_file_that_is_read(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.FILE_VARIABLE, str(file))
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{file}\n"


@pytest.mark.parametrize("section", ["pos", "customer", "board", "sync"])
def test_plain_http_stays_on_this_machine(tmp_path: Path, section: str) -> None:
    declared = config.sections()[section].declared
    path = tmp_path / "orderbell.toml"

    def load(address: str, more: str = "") -> settings.Loaded[msgspec.Struct]:
        path.write_text(f"[{section}]\nserver_url = '{address}'\n{more}", encoding="utf-8")
        return settings.load(declared, section, {}, {}, path)

    for fine in ("http://127.0.0.1:8765", "http://localhost:8765", "http://[::1]:8765", "https://192.0.2.1:8765"):
        load(fine)
    for open_road in ("http://192.0.2.1:8765", "http://till.example", "http://[2001:db8::1]:80"):
        with pytest.raises(settings.SettingsError, match="not encrypted"):
            load(open_road)
        load(open_road, "allow_plain_http = true\n")
    with pytest.raises(settings.SettingsError, match=r"none\.pem cannot be used"):
        load("https://192.0.2.1:8765", f"ca_file = '{(tmp_path / 'none.pem').as_posix()}'\n")
