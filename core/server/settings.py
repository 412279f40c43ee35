"""Settings of the backend: file section `[server]`, `ORDERBELL_…`, or a flag."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.logs import NOWHERE, Format
from core.settings import SECRET, data_dir, former
from core.store.engine.database import file_url
from core.store.tables import SECURITY_LOG_DAYS_LEAST

SECTION: Final = "server"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")] = 8765
    data_dir: Annotated[str, Meta(description="where database and keys are kept; empty: the user's data directory")] = (
        ""
    )
    database_url: Annotated[str, Meta(description="database; empty: the SQLite file orderbell.db in data_dir")] = ""
    key_file: Annotated[str, Meta(description="the server's secret keys; empty: keys.json in data_dir")] = ""
    tls_certificate: Annotated[
        str, Meta(description="PEM file to speak TLS with; empty: what `orderbell tls init` made, if it did")
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file of its key; empty: it is in tls_certificate")] = ""
    log_format: Annotated[Format, Meta(description="text, or json: one object a line")] = "text"
    log_dir: Annotated[
        str, Meta(description="where the log is kept in files too; empty: logs in data_dir; -: in none")
    ] = ""
    access_log: Annotated[bool, Meta(description="write a line to the log for every request")] = False
    debug: Annotated[bool, Meta(description="write debug lines to the log")] = False
    metrics_token: Annotated[
        str,
        Meta(
            description="bearer token that opens /metrics; empty: the server's own user opens it, on its machine",
            extra=SECRET,
        ),
    ] = ""
    sign_ups_max: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="customers who may sign up from one address, or at one screen, in half an hour",
            extra=former("sign_ups_most"),
        ),
    ] = 60
    open_orders_max: Annotated[
        int,
        Meta(
            ge=1,
            description="orders of one customer that may be open in a shop; more are refused until one is done",
            extra=former("open_orders_most"),
        ),
    ] = 30
    change_requests_max: Annotated[
        int, Meta(ge=1, le=1_000, description="changes that a customer may ask for of one order")
    ] = 20
    order_kib_max: Annotated[
        int, Meta(ge=4, le=64, description="KiB that one customer's order may have", extra=former("order_kib_most"))
    ] = 32
    sockets_max: Annotated[
        int,
        Meta(
            ge=2,
            description="sockets that one person or screen may hold; the oldest makes room for one more",
            extra=former("sockets_most"),
        ),
    ] = 20
    unread_mib_max: Annotated[
        int,
        Meta(
            ge=1,
            description="MiB of answers that one person or screen may leave unread at a time",
            extra=former("unread_mib_most"),
        ),
    ] = 32
    lookups_max: Annotated[
        int,
        Meta(
            ge=1,
            description="customers that one member of staff may look up in half an hour",
            extra=former("lookups_most"),
        ),
    ] = 200
    access_token_s: Annotated[int, Meta(ge=1, le=86_400, description="how long an access token is valid")] = 600
    refresh_days: Annotated[int, Meta(ge=1, le=365, description="days without a visit after which a session ends")] = 30
    board_names: Annotated[bool, Meta(description="let status displays show the first names of customers, too")] = False
    board_waiting: Annotated[bool, Meta(description="let status displays show confirmed orders, too, as waiting")] = (
        True
    )
    events_days: Annotated[int, Meta(ge=1, le=3650, description="days after which an event is forgotten")] = 30
    events_max: Annotated[
        int, Meta(ge=1000, description="events that are kept at most, of each shop", extra=former("events_most"))
    ] = 1_000_000
    security_log_days: Annotated[
        int,
        Meta(
            ge=SECURITY_LOG_DAYS_LEAST,
            le=3650,
            description="days after which an entry of the security log is forgotten",
        ),
    ] = 365
    backup_every_h: Annotated[
        int, Meta(ge=0, le=8_760, description="hours between two backups that the server makes by itself; 0: none")
    ] = 24
    backup_keep: Annotated[int, Meta(ge=1, le=10_000, description="how many of those are kept")] = 14
    backup_manual_max: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="backups that were asked for by a command, which may lie in backup_dir",
            extra=former("backup_manual_most"),
        ),
    ] = 100
    backup_dir: Annotated[str, Meta(description="where backups are kept; empty: backups in data_dir")] = ""
    stop_within_s: Annotated[int, Meta(ge=1, le=600, description="longest a stop waits for open requests")] = 30

    @property
    def log_path(self) -> Path | None:
        """The file of this server's log, named by its port: several may share a folder."""
        if self.log_dir == NOWHERE:
            return None
        return (Path(self.log_dir) if self.log_dir else self.directory / "logs") / f"server-{self.port}.log"

    @property
    def directory(self) -> Path:
        return Path(self.data_dir) if self.data_dir else data_dir()

    @property
    def database(self) -> str:
        return self.database_url or file_url(self.directory / "orderbell.db")

    @property
    def keys_path(self) -> Path:
        return Path(self.key_file) if self.key_file else self.directory / "keys.json"

    @property
    def backup_path(self) -> Path:
        return Path(self.backup_dir) if self.backup_dir else self.directory / "backups"

    @property
    def tls_directory(self) -> Path:
        """The directory of the shop's own authority and its certificates."""
        return self.directory / "tls"

    @property
    def ca_path(self) -> Path | None:
        """The certificate by which screens trust this server; None when it is not one of ours."""
        path = self.tls_directory / "ca.pem"
        return path if not self.tls_certificate and path.exists() else None

    @property
    def tls_files(self) -> tuple[Path, Path | None] | None:
        """The certificate's file and, where it is a separate one, the key's. None: plain HTTP."""
        if self.tls_certificate:
            return Path(self.tls_certificate), Path(self.tls_key) if self.tls_key else None
        return (self.tls_directory / "server.pem", None) if self.ca_path else None
