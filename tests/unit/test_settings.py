import argparse
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from core import settings
from core.settings import SettingsError


class Kettle(msgspec.Struct, frozen=True, kw_only=True):
    boil_s: Annotated[int, Meta(ge=1, description="how long")] = 30
    whistle: bool = True
    label: str = "kettle"


def load(
    file: Path, environment: dict[str, str] | None = None, flags: dict[str, object] | None = None
) -> settings.Loaded[Kettle]:
    return settings.load(Kettle, "kettle", flags, environment or {}, file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text("[kettle]\nboil_s = 40\nlabel = 'file'\n[other]\nx = 1\n", encoding="utf-8")
    return path


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(file: Path) -> None:
    loaded = load(file, {"ORDERBELL_BOIL_S": "50", "ORDERBELL_LABEL": "variable"}, {"label": "flag"})
    assert loaded.values == Kettle(boil_s=50, whistle=True, label="flag")
    assert loaded.origins == {"boil_s": "ORDERBELL_BOIL_S", "whistle": "default", "label": "--label"}
    assert load(file).origins["label"] == str(file)


@pytest.mark.parametrize("said", ["0", "false", "False"])
def test_a_switch_is_turned_off_from_outside(file: Path, said: str) -> None:
    assert load(file, {"ORDERBELL_WHISTLE": said}).values.whistle is False


@pytest.mark.parametrize(
    ("environment", "origin"),
    [({"ORDERBELL_BOIL_S": "0"}, "ORDERBELL_BOIL_S"), ({"ORDERBELL_BOIL_S": "soon"}, "ORDERBELL_BOIL_S")],
)
def test_a_bad_value_is_refused_with_its_name_and_origin(file: Path, environment: dict[str, str], origin: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(file, environment)
    assert "boil_s" in str(refused.value)
    assert origin in str(refused.value)


@pytest.mark.parametrize(
    ("content", "word"), [("[kettle]\nboil = 1\n", "boil"), ("kettle = 3\n", "table"), ("[kettle\n", "TOML")]
)
def test_a_bad_file_is_refused(tmp_path: Path, content: str, word: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=word):
        load(path)


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


def test_flags_come_from_the_declaration(file: Path) -> None:
    parser = argparse.ArgumentParser()
    arguments = ["--config", str(file), "--no-whistle", "--boil-s", "7"]
    assert settings.parse(Kettle, "kettle", parser, arguments) == Kettle(boil_s=7, whistle=False, label="file")
    assert "how long" in parser.format_help()


def test_a_bad_flag_ends_the_program_with_its_usage(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings.parse(Kettle, "kettle", argparse.ArgumentParser(), ["--config", str(file), "--boil-s", "0"])
    assert ended.value.code == 2
    assert "boil_s" in capsys.readouterr().err
