"""Members, studies, output requests, decisions and the audit log that the database keeps from change."""

import sqlalchemy as sa
from alembic import op

from harmony.store.control.schema import UtcDateTime

revision = "0003"
down_revision = "0002"

_REFUSAL = "audit events are never changed or deleted"

_SQLITE_TRIGGERS = [
    f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for verb in ("UPDATE", "DELETE")
]

_POSTGRESQL_TRIGGERS = [
    "CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event "
    "FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()",
    "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()",
]


def upgrade() -> None:
    """Make the tables of governance and the triggers of the audit log."""
    _make_members()
    _make_studies()
    _make_outputs()
    _make_acts()
    _make_audit()


def downgrade() -> None:
    """Drop the tables of governance with the audit log."""
    for name in (
        "audit_event",
        "study_view",
        "governance_act",
        "output_version",
        "output_request",
        "study_version",
        "study",
        "member_role",
        "member",
    ):
        op.drop_table(name)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_event_refuse()")


def _make_members() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("name", "organisation", name="uq_member_name_organisation"),
    )
    op.create_table(
        "member_role",
        sa.Column("member", sa.String(16), sa.ForeignKey("member.id"), primary_key=True),
        sa.Column("role", sa.String(40), primary_key=True),
        sa.Column("granted_by", sa.String(40), nullable=False),
        sa.Column("granted_at", UtcDateTime, nullable=False),
    )


def _make_studies() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("author", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("approved_sha256", sa.String(64), nullable=True),
        sa.Column("approved_on", sa.Date, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "study_version",
        sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("person", "plan_sha256", name="uq_study_version_person_plan"),
    )
    op.create_table(
        "study_view",
        sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), primary_key=True),
        sa.Column("release", sa.String(16), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def _make_outputs() -> None:
    op.create_table(
        "output_request",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("study", sa.String(16), sa.ForeignKey("study.id"), nullable=False),
        sa.Column("release", sa.String(16), nullable=False),
        sa.Column("author", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "output_version",
        sa.Column("result", sa.String(16), sa.ForeignKey("output_request.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("report_sha256", sa.String(64), nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def _make_acts() -> None:
    op.create_table(
        "governance_act",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("object", sa.String(16), nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("decisive", sa.Boolean, nullable=False),
        sa.Column("person", sa.String(16), sa.ForeignKey("member.id"), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed", sa.Text, nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def _make_audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(40), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("object", sa.String(80), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    )
    triggers = {"sqlite": _SQLITE_TRIGGERS, "postgresql": _POSTGRESQL_TRIGGERS}
    for statement in triggers[op.get_bind().dialect.name]:
        op.execute(statement)
