"""Chains, deliveries, receipts, the TTP's table and marks of people who may not come back."""

import sqlalchemy as sa
from alembic import op

from harmony.store.control.schema import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the exchange."""
    op.create_table(
        "chain",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("frozen", sa.Boolean, nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("manifest", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(16), nullable=False, unique=True),
        sa.Column("stream", sa.String(32), nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("committed_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("stream", "counter", name="uq_delivery_stream_counter"),
    )
    op.create_table(
        "receipt",
        sa.Column("manifest", sa.String(64), sa.ForeignKey("delivery.manifest"), primary_key=True),
        sa.Column("party", sa.String(10), primary_key=True),
        sa.Column("envelope", sa.Text, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("index_mac", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )
    op.create_table(
        "gone",
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("mark", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    """Drop the tables of the exchange."""
    for table in ("gone", "person", "receipt", "delivery", "chain"):
        op.drop_table(table)
