"""The recovery kit: keys and authority leave the machine in one file, and come back by its code and nothing else."""

import io
import json
from pathlib import Path

import msgspec
import pytest

from core.admin import keys as command
from core.admin.doctor import machine
from core.admin.failed import Failed
from core.protocol.health import Result
from core.server.auth import authority, keys, recovery_kit
from core.server.auth.recovery_kit import Recovered, RecoveryError
from core.server.settings import ServerSettings


def settings(directory: Path) -> ServerSettings:
    return ServerSettings(data_dir=str(directory))


@pytest.fixture
def shop(tmp_path: Path) -> ServerSettings:
    """Keys and an authority, as `init` and `tls init` make them."""
    made = settings(tmp_path / "server")
    keys.write(made.keys_path, keys.make())
    authority.make(made.tls_directory, "Corner Kitchen", ("127.0.0.1",))
    return made


@pytest.fixture
def kit(shop: ServerSettings, tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "stick.kit"
    return path, recovery_kit.make(shop, settings_file(shop), "Corner Kitchen", path)


def settings_file(of: ServerSettings) -> Path:
    return of.directory.with_suffix(".toml")


def recover(there: ServerSettings, path: Path, code: str) -> Recovered:
    return recovery_kit.Opened(path, code).recover(there)


def content_of(directory: Path) -> dict[str, bytes]:
    found = {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.*")}
    found.pop("recovery-kit.json", None)
    return {name: content for name, content in found.items() if content}


def test_everything_is_there_again_on_another_machine(
    shop: ServerSettings, kit: tuple[Path, str], tmp_path: Path
) -> None:
    there = settings(tmp_path / "another")
    done = recover(there, kit[0], kit[1])
    assert done.shop_name == "Corner Kitchen"
    assert content_of(there.directory) == content_of(shop.directory)
    for name in ("keys.json", "tls/ca-key.pem", "tls/server.pem"):
        assert (there.directory / name).stat().st_mode & 0o077 == (shop.directory / name).stat().st_mode & 0o077
    assert keys.backup_key_at(there.keys_path) == keys.backup_key_at(shop.keys_path)


def test_kits_of_earlier_releases_still_open() -> None:
    """A code makes the same key for as long as there are kits."""
    assert recovery_kit._key("A" * 24, b"s" * 16) == b"488sOig03eLf79J6yhd_YPYdAzcFumlUphkhAm9W1n0="


def test_the_code_may_be_typed_as_people_type(kit: tuple[Path, str], tmp_path: Path) -> None:
    assert [len(group) for group in kit[1].split("-")] == [4] * 6
    recover(settings(tmp_path / "another"), kit[0], f" {kit[1].lower().replace('-', ' ')} ")


def test_without_the_code_the_file_says_nothing_of_the_keys(
    shop: ServerSettings, kit: tuple[Path, str], tmp_path: Path
) -> None:
    secret = keys.read(shop.keys_path).refresh
    raw = kit[0].read_bytes()
    assert secret not in raw
    assert msgspec.json.encode(secret) not in raw
    assert kit[1].replace("-", "").encode() not in raw
    wrong = kit[1][:-1] + ("2" if kit[1][-1] != "2" else "3")
    for code in (wrong, "", kit[1][:-5]):
        with pytest.raises(RecoveryError, match="not the code"):
            recover(settings(tmp_path / "another"), kit[0], code)
    assert not (tmp_path / "another").exists()


def test_a_damaged_kit_is_said_to_be_one(kit: tuple[Path, str], tmp_path: Path) -> None:
    said = json.loads(kit[0].read_bytes())
    said["sealed"] = said["sealed"][:-8] + "AAAAAAA="
    kit[0].write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(RecoveryError, match="damaged"):
        recover(settings(tmp_path / "another"), *kit)
    kit[0].write_text("not a kit", encoding="utf-8")
    with pytest.raises(RecoveryError, match="no recovery kit"):
        recover(settings(tmp_path / "another"), *kit)
    with pytest.raises(RecoveryError, match="cannot be read"):
        recover(settings(tmp_path / "another"), tmp_path / "nothing", kit[1])


def test_nothing_that_is_there_is_replaced(kit: tuple[Path, str], tmp_path: Path) -> None:
    there = settings(tmp_path / "another")
    keys.write(there.keys_path, keys.make())
    before = content_of(there.directory)
    with pytest.raises(RecoveryError, match=r"keys\.json"):
        recover(there, *kit)
    assert content_of(there.directory) == before, "nor was the authority put beside other keys"
    assert kit[0].exists()
    with pytest.raises(RecoveryError, match="is there already"):
        recovery_kit.make(there, settings_file(there), "Another", kit[0])


def test_cut_short_it_goes_on(shop: ServerSettings, kit: tuple[Path, str], tmp_path: Path) -> None:
    there = settings(tmp_path / "another")
    recover(there, *kit)
    there.keys_path.unlink()
    assert recover(there, *kit).files == (str(there.keys_path),)
    assert recover(there, *kit).files == ()


def test_the_doctor_knows_whether_there_is_a_kit_and_whether_it_has_what_it_must(
    shop: ServerSettings, tmp_path: Path
) -> None:
    def says() -> tuple[Result, str]:
        (check,) = machine._kit(shop, settings_file(shop))
        return check.result, check.says

    assert says()[0] is Result.WARN
    assert "There is none" in says()[1]
    recovery_kit.make(shop, settings_file(shop), "Corner Kitchen", tmp_path / "first.kit")
    assert says()[0] is Result.OK
    keys.replace(shop.keys_path, keys.rotate(keys.read(shop.keys_path), 0.0, 600))
    authority.renew(shop.tls_directory)
    assert says()[0] is Result.OK, "a kit from before a rotation and a renewal is as good"
    for file in shop.tls_directory.iterdir():
        file.unlink()
    authority.make(shop.tls_directory, "Corner Kitchen", ("127.0.0.1",))
    assert says()[0] is Result.WARN
    recovery_kit.make(shop, settings_file(shop), "Corner Kitchen", tmp_path / "second.kit")
    assert says()[0] is Result.OK
    settings_file(shop).write_text("[server]\nport = 8766\n", encoding="utf-8")
    assert says()[0] is Result.WARN, "the settings are in no backup either"
    recovery_kit.make(shop, settings_file(shop), "Corner Kitchen", tmp_path / "third.kit")
    assert says()[0] is Result.OK


def test_the_command_reads_the_code_from_a_pipe_and_asks_nobody_who_is_not_there(
    kit: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "another"
    where = ("--data-dir", str(there))
    with pytest.raises(Failed, match="--code-file"):
        command.main(["recover", str(kit[0]), *where])
    monkeypatch.setattr("sys.stdin", io.StringIO(kit[1] + "\n"))
    assert command.main(["recover", str(kit[0]), "--code-file", "-", *where]) == 0
    assert "Corner Kitchen" in capsys.readouterr().out
    assert (there / "keys.json").exists()


def test_the_settings_come_back_and_say_where_the_keys_belong(
    shop: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, file = tmp_path / "another" / "data", tmp_path / "another" / "etc" / "orderbell.toml"
    settings_file(shop).write_text(f'[server]\nport = 8766\ndata_dir = "{data.as_posix()}"\n', encoding="utf-8")
    kit = tmp_path / "stick.kit"
    code = recovery_kit.make(shop, settings_file(shop), "Corner Kitchen", kit)
    assert b"8766" not in kit.read_bytes(), "they may have the database's password"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
    assert command.main(["recover", str(kit), "--code-file", "-", "--config", str(file)]) == 0
    assert f"Put back {file}." in capsys.readouterr().out
    assert file.read_bytes() == settings_file(shop).read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert (data / "keys.json").exists()

    file.write_text(f'[server]\ndata_dir = "{data.as_posix()}"\n', encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code}\n"))
    assert command.main(["recover", str(kit), "--code-file", "-", "--config", str(file)]) == 0
    assert "those of the kit were not put back" in capsys.readouterr().err
    assert "8766" not in file.read_text(encoding="utf-8")
