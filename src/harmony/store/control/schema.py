"""
Tables of the control records. Every zone has its own database with the same schema.

Names of constraints are fixed here, so that SQLite and PostgreSQL migrate alike. Modules beside this one
(`exchange`, `governance`) define their tables on the same `METADATA`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(sa.types.TypeDecorator[dt.datetime]):
    """An instant in UTC. SQLite forgets the zone, so it is put back; naive times are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Turn an instant into UTC; raise `ValueError` for a time without zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        return value and value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        """Return the stored instant with its zone."""
        return value and (value if value.tzinfo else value.replace(tzinfo=dt.UTC))


#: One committed row per finished stage of this zone, chained by `previous`.
STAGE = sa.Table(
    "stage",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("stage", sa.String(40), nullable=False),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("previous", sa.String(64), nullable=False, unique=True),
    sa.Column("committed_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("stage", "key", name="uq_stage_stage_key"),
)
