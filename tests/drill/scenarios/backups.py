"""The server's database is put back as it was earlier: as raw files, and as the admin's command does it."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from core.admin import backup as backup_command
from core.server.auth import keys
from core.store.backups import backup, restore
from tests.drill.scenario import Scenario, Trouble
from tests.support import databases

if TYPE_CHECKING:
    from tests.drill.shop import Drill


class Backups(Scenario):
    name = "backups"
    always = True

    def __init__(self, drill: "Drill") -> None:
        super().__init__(drill)
        self._copied = False
        # Beside the data, not among it: the server makes no backup where it leaves the orders little room, as on the
        # small disk of `full-disks`.
        self._backups = drill.directory / "backups"
        drill.server_flags += ["--backup-dir", str(self._backups)]

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._copy, 2), (self._put_copy_back, 2), (self._back_up_while_open, 2), (self._restore_as_an_admin, 2)

    def _copy(self) -> None:
        self._copy_of.parent.mkdir(exist_ok=True)
        self.drill.kill_server(lambda: databases.copy(self.drill.database, self._copy_of))
        self._copied = True

    def _put_copy_back(self) -> None:
        """The raw state of an earlier moment: the numbers of events are used again."""
        if self._copied:
            self.drill.kill_server(lambda: databases.copy(self._copy_of, self.drill.database))
            self.drill.restores += 1

    def _back_up_while_open(self) -> None:
        """`orderbell backup create`, while everybody orders."""
        where = ("--data-dir", str(self.drill.data_dir), "--database-url", self.drill.database_url)
        with contextlib.redirect_stdout(io.StringIO()):
            status = backup_command.main(["create", "--json", *where])
        if status:
            raise RuntimeError("no backup was made")

    def _restore_as_an_admin(self) -> None:
        """What `orderbell backup restore` does: found out by the epoch."""
        made = backup.listed(self._backups)
        if made:
            path = self._backups / self.random.choice(made).name

            def put_back() -> None:
                key = keys.backup_key_at(self.drill.data_dir / "keys.json")
                restore.restore(path, self.drill.database_url, self._backups, key=key)

            self.drill.kill_server(put_back)
            self.drill.restores += 1

    @property
    def _copy_of(self) -> Path:
        return self.drill.directory / "backup" / self.drill.database.name
