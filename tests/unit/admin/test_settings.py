import argparse
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from core import settings, urls
from core.settings import SettingsError
from core.settings.lines import numbers


class Kettle(msgspec.Struct, frozen=True, kw_only=True):
    code: Annotated[str, Meta(max_length=8, extra=settings.SECRET)] = ""
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
    path.write_text("[kettle]\nboil_s = 40\nlabel = 'file'\n[sync]\nx = 1\n", encoding="utf-8")
    return path


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(file: Path) -> None:
    loaded = load(file, {"ORDERBELL_BOIL_S": "50", "ORDERBELL_LABEL": "variable"}, {"label": "flag"})
    assert loaded.values == Kettle(boil_s=50, whistle=True, label="flag")
    assert loaded.origins == {"code": "default", "boil_s": "ORDERBELL_BOIL_S", "whistle": "default", "label": "--label"}
    assert load(file).origins["label"] == f"{file}:3"


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


LINES = """\
# The kettle's.\r
[kettle]
whistle = true # [kettle.lid]
steps = [
  "fill", # boil_s = 1
  "[pos]",
]
text = '''
boil_s = 2
'''
lid.hinge.'left' = { boil_s = 3 }

[pos.'a.b']
boil_s = 4
"""


def test_everything_in_a_file_has_its_line() -> None:
    assert numbers(LINES) == {
        ("kettle",): 2,
        ("kettle", "whistle"): 3,
        ("kettle", "steps"): 4,
        ("kettle", "text"): 8,
        ("kettle", "lid"): 11,
        ("kettle", "lid", "hinge"): 11,
        ("kettle", "lid", "hinge", "left"): 11,
        ("kettle", "lid", "hinge", "left", "boil_s"): 11,
        ("pos",): 13,
        ("pos", "a.b"): 13,
        ("pos", "a.b", "boil_s"): 14,
    }


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    content = "\ufeffdebug = true\n\n[ketle]\n[kettle]\nwhistel = 1\nboil_s = 0\nxyz = 1\ncode = 'too-long-a-code'\n"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load(path, {"ORDERBELL_LABEL": "fine"})
    told = str(refused.value).splitlines()
    assert told[0] == f"{path}:1: 'debug' must be in a table, as [kettle]."
    assert told[1] == f"{path}:3: there is no section [ketle]. Did you mean 'kettle'?"
    assert told[2] == f"{path}:5: [kettle] has no setting 'whistel'. Did you mean 'whistle'?"
    assert told[3] == f"{path}:7: [kettle] has no setting 'xyz'. There are: code, boil_s, whistle, label."
    assert told[4] == f"boil_s = 0 (from {path}:6): it may be a whole number from 1."
    assert told[5] == f"code = '[hidden]' (from {path}:8): it may be text of at most 8 characters."
    assert len(told) == 6


@pytest.mark.parametrize("content", ["[kettle]\nboil_s = = 1\n", "[kettle]\nboil_s = 1\n[kettle]\n"])
def test_what_is_not_toml_has_its_line_too(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"not TOML: .*line [23]"):
        load(path)


def test_a_variable_names_the_file(file: Path, tmp_path: Path) -> None:
    environment = {settings.FILE_VARIABLE: str(file)}
    assert settings.load(Kettle, "kettle", {}, environment).values.boil_s == 40
    other = tmp_path / "other.toml"
    other.write_text("[kettle]\nboil_s = 41\n", encoding="utf-8")
    assert settings.load(Kettle, "kettle", {"config": str(other)}, environment).values.boil_s == 41
    with pytest.raises(SettingsError, match=r"none\.toml"):
        settings.load(Kettle, "kettle", {}, {settings.FILE_VARIABLE: str(tmp_path / "none.toml")})


def test_secrets_are_shown_to_nobody() -> None:
    assert settings.shown(Kettle, "code", "K7QF") == urls.HIDDEN
    assert settings.shown(Kettle, "code", "") == ""
    assert settings.shown(Kettle, "label", "postgresql+psycopg://shop:p:ss@db:5432/x") == (
        f"postgresql+psycopg://shop:{urls.HIDDEN}@db:5432/x"
    )
    assert settings.shown(Kettle, "label", "sqlite:///C:/shop@home/x.db") == "sqlite:///C:/shop@home/x.db"
    assert settings.shown(Kettle, "boil_s", 3) == 3


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


def test_flags_come_from_the_declaration(file: Path) -> None:
    parser = argparse.ArgumentParser()
    arguments = ["--config", str(file), "--no-whistle", "--boil-s", "7"]
    assert settings.parse(Kettle, "kettle", parser, arguments) == Kettle(boil_s=7, whistle=False, label="file")
    assert "how long" in parser.format_help()


class Pot(msgspec.Struct, frozen=True, kw_only=True):
    litres_max: Annotated[int, Meta(ge=1, description="how much", extra=settings.former("litres_most"))] = 2


@pytest.mark.parametrize(
    ("content", "environment", "arguments", "litres"),
    [
        ("litres_most = 3", {}, [], 3),
        ("litres_max = 4\nlitres_most = 3", {}, [], 4),
        ("litres_most = 3", {"ORDERBELL_LITRES_MOST": "5"}, [], 5),
        ("litres_max = 4", {"ORDERBELL_LITRES_MOST": "5", "ORDERBELL_LITRES_MAX": "6"}, [], 6),
        ("litres_max = 4", {"ORDERBELL_LITRES_MAX": "6"}, ["--litres-most", "7"], 7),
    ],
)
def test_a_former_name_is_accepted_wherever_the_new_one_is(
    tmp_path: Path, content: str, environment: dict[str, str], arguments: list[str], litres: int
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"[pot]\n{content}\n", encoding="utf-8")
    parser = argparse.ArgumentParser()
    settings.add_flags(parser, Pot)
    flags = vars(parser.parse_args(arguments))
    assert settings.load(Pot, "pot", flags, environment, file).values.litres_max == litres
    assert "most" not in parser.format_help()


def test_a_mistake_under_a_former_name_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[pot]\nlitres_most = 0\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"litres_max = 0 \(from .*settings\.toml:2\)"):
        settings.load(Pot, "pot", {}, {}, file)


def test_a_bad_flag_ends_the_program_with_its_usage(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings.parse(Kettle, "kettle", argparse.ArgumentParser(), ["--config", str(file), "--boil-s", "0"])
    assert ended.value.code == 2
    assert "boil_s" in capsys.readouterr().err
