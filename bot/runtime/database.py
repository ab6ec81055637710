"""The bot's own database: deliveries, jobs and their history. Losing it loses nothing that a sweep cannot rebuild."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.errors import WrongInput

HEARTBEATS = sa.Table(
    "sectionbot_heartbeats",
    sa.MetaData(),
    sa.Column("executor", sa.Text, primary_key=True),
    sa.Column("seen_at", sa.Float, nullable=False),  # seconds since the epoch, by the database's clock
)


def open_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///file` or `postgresql://...`; a SQLite file is readable by its owner only.

    Raises:
        WrongInput: for any other address.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise WrongInput(_advice()) from None
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=20, max_overflow=10, pool_pre_ping=True
        )
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise WrongInput(_advice())
    path = Path(parsed.database)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise WrongInput(f"The database file {path} cannot be opened: {error.strerror}.") from None
    engine = sa.create_engine(f"sqlite:///{path.resolve()}", pool_size=20, max_overflow=10, pool_timeout=30)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def check_answers(engine: sa.Engine) -> None:
    """Raises WrongInput, with the database's own words, where it cannot be used."""
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("select 1"))
    except sa.exc.SQLAlchemyError as error:
        words = str(getattr(error, "orig", error)).strip().splitlines()[-1]
        raise WrongInput(f"The database cannot be used: {words}. Look at SECTIONBOT_DATABASE_URL.") from None


def lock_sqlite(engine: sa.Engine) -> Any:
    """Hold the SQLite file for this process alone, until it ends; None for PostgreSQL, which many can share.

    Raises:
        WrongInput: when another process has it.
    """
    if engine.dialect.name != "sqlite":
        return None
    path = Path(f"{engine.url.database}.lock")
    lock = path.open("w")
    path.chmod(0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise WrongInput(
            f"Another process works with {engine.url.database}. Several processes need a PostgreSQL database: "
            "set SECTIONBOT_DATABASE_URL=postgresql://..."
        ) from None
    return lock


def check_exists(url: str) -> None:
    """Raises WrongInput where the file of a SQLite address is missing: reading must not make it."""
    parsed = make_url(url) if "://" in url else None
    if parsed is not None and parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise WrongInput(
            f"There is no database file {parsed.database}. `sectionbot serve` makes it; is SECTIONBOT_DATABASE_URL "
            "the one that it uses?"
        )


def _advice() -> str:
    return "SECTIONBOT_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """What DBOS sets itself on engines of its own, and a write-ahead log."""
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


class Heartbeats:
    """Which processes live. A job of one that is silent for long is taken over by another."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        now = "extract(epoch from clock_timestamp())"
        if engine.dialect.name == "sqlite":
            now = "((julianday('now') - 2440587.5) * 86400.0)"
        self._now: sa.ColumnElement[float] = sa.literal_column(now, sa.Float)
        HEARTBEATS.create(engine, checkfirst=True)

    def beat(self, executor: str) -> None:
        with self.engine.begin() as connection:
            updated = connection.execute(
                sa.update(HEARTBEATS).where(HEARTBEATS.c.executor == executor).values(seen_at=self._now)
            )
            if updated.rowcount == 0:
                connection.execute(sa.insert(HEARTBEATS).values(executor=executor, seen_at=self._now))

    def silent(self, but: str, seconds: float) -> list[str]:
        """Executors that have not beaten for so long."""
        query = sa.select(HEARTBEATS.c.executor).where(
            HEARTBEATS.c.executor != but,
            HEARTBEATS.c.seen_at < self._now - seconds,
        )
        with self.engine.connect() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def die(self, executor: str) -> None:
        """Say that the process has ended: what it left unfinished is taken over at once."""
        with self.engine.begin() as connection:
            connection.execute(sa.update(HEARTBEATS).where(HEARTBEATS.c.executor == executor).values(seen_at=0.0))

    def forget(self, executor: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.delete(HEARTBEATS).where(HEARTBEATS.c.executor == executor))
