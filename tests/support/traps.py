"""A folder with packages named like ours, which record that they were imported."""

from pathlib import Path

NAMES = ("core", "resources", "pos_app", "customer_view", "tests", "logging", "msgspec")


class Traps:
    """Creates the packages in the new `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told = folder / "sprung"
        for name in NAMES:
            (folder / name).mkdir(parents=True)
            springs = f"open({str(self._told)!r}, 'a').write({name + chr(10)!r})\nraise SystemExit(99)\n"
            for module in ("__init__", "__main__"):
                (folder / name / f"{module}.py").write_text(springs, encoding="utf-8")

    def sprung(self) -> list[str]:
        """The packages that were imported."""
        return self._told.read_text(encoding="utf-8").splitlines() if self._told.exists() else []
