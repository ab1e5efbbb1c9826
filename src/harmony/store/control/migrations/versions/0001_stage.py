"""The committed stages of a zone."""

import sqlalchemy as sa
from alembic import op

from harmony.store.control.schema import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make table stage."""
    op.create_table(
        "stage",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("committed_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("stage", "key", name="uq_stage_stage_key"),
    )


def downgrade() -> None:
    """Drop table stage."""
    op.drop_table("stage")
