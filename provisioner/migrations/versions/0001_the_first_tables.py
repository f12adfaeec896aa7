"""the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "prov_counter",
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_prov_counter")),
    )
    op.create_table(
        "prov_department",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_department")),
    )
    op.create_table(
        "prov_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation", sa.String(), nullable=True),
        sa.Column("payload_hash", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_event")),
        sa.UniqueConstraint("record", "seq", name=op.f("uq_prov_event_record_seq")),
    )
    op.create_table(
        "prov_handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("encrypted_token", sa.String(), nullable=True),
        sa.Column("secret_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_handover")),
        sa.UniqueConstraint("digest", name=op.f("uq_prov_handover_digest")),
    )
    with op.batch_alter_table("prov_handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_handover_owner"), ["owner"], unique=False)

    op.create_table(
        "prov_outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_outbox")),
    )
    with op.batch_alter_table("prov_outbox", schema=None) as batch_op:
        batch_op.create_index("ix_prov_outbox_due", ["done_at", "next_at"], unique=False)

    op.create_table(
        "prov_secret",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("encrypted", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_secret")),
    )
    with op.batch_alter_table("prov_secret", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_secret_owner"), ["owner"], unique=False)

    op.create_table(
        "prov_sign_in_try",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_prov_sign_in_try")),
    )
    op.create_table(
        "prov_event_payload",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["prov_event.id"], name=op.f("fk_prov_event_payload_event_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_prov_event_payload")),
    )
    op.create_table(
        "prov_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("department_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["prov_department.id"], name=op.f("fk_prov_person_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_person")),
        sa.UniqueConstraint("username", name=op.f("uq_prov_person_username")),
    )
    op.create_table(
        "prov_idempotency",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_idempotency_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_prov_idempotency")),
    )
    with op.batch_alter_table("prov_idempotency", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_idempotency_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "prov_person_role",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_person_role_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_prov_person_role")),
    )
    op.create_table(
        "prov_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("department_id", sa.String(), nullable=False),
        sa.Column("applicant", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("busy", sa.Boolean(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["prov_person.id"], name=op.f("fk_prov_request_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["prov_department.id"], name=op.f("fk_prov_request_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_request")),
        sa.UniqueConstraint("number", name=op.f("uq_prov_request_number")),
    )
    with op.batch_alter_table("prov_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_request_department_id"), ["department_id"], unique=False
        )
        batch_op.create_index("ix_prov_request_service_state", ["service", "state"], unique=False)
        batch_op.create_index("ix_prov_request_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "prov_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_token_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_prov_token_digest")),
    )
    with op.batch_alter_table("prov_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_token_person_id"), ["person_id"], unique=False)

    op.create_table(
        "prov_web_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_web_session_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_prov_web_session")),
    )
    with op.batch_alter_table("prov_web_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_web_session_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "prov_instance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("request_number", sa.String(), nullable=False),
        sa.Column("department_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cluster", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("vmid", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("addresses", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("size", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"], ["prov_department.id"], name=op.f("fk_prov_instance_department_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_instance_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_instance")),
        sa.UniqueConstraint(
            "cluster", "vmid", "uuid", name=op.f("uq_prov_instance_cluster_vmid_uuid")
        ),
        sa.UniqueConstraint("request_id", name=op.f("uq_prov_instance_request_id")),
    )
    with op.batch_alter_table("prov_instance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_instance_department_id"), ["department_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_prov_instance_name"), ["name"], unique=False)

    op.create_table(
        "prov_letter",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("date", sa.String(), nullable=True),
        sa.Column("signatory", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("cleaned_media_type", sa.String(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_letter_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["prov_person.id"], name=op.f("fk_prov_letter_uploaded_by")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_prov_letter")),
    )
    op.create_table(
        "prov_plan",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("holds_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["prov_person.id"], name=op.f("fk_prov_plan_made_by")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_plan_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_plan")),
    )
    with op.batch_alter_table("prov_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_plan_request_id"), ["request_id"], unique=False)

    op.create_table(
        "prov_approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("override_reason", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["prov_person.id"], name=op.f("fk_prov_approval_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["prov_plan.id"], name=op.f("fk_prov_approval_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_approval_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_approval")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_prov_approval_plan_id")),
    )
    with op.batch_alter_table("prov_approval", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_approval_request_id"), ["request_id"], unique=False
        )

    op.create_table(
        "prov_reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("amounts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["prov_plan.id"], name=op.f("fk_prov_reservation_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_reservation_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_reservation")),
        sa.UniqueConstraint(
            "kind", "scope", "key", name=op.f("uq_prov_reservation_kind_scope_key")
        ),
    )
    with op.batch_alter_table("prov_reservation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_prov_reservation_request_id"), ["request_id"], unique=False
        )

    op.create_table(
        "prov_run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("checked_plan", sa.Boolean(), nullable=False),
        sa.Column("plan_looks", sa.Integer(), nullable=False),
        sa.Column("difference", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("waiting_who", sa.String(), nullable=True),
        sa.Column("waiting_for", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_asked_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["prov_plan.id"], name=op.f("fk_prov_run_plan_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"], name=op.f("fk_prov_run_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["stop_asked_by"], ["prov_person.id"], name=op.f("fk_prov_run_stop_asked_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_run")),
        sa.UniqueConstraint("plan_id", name=op.f("uq_prov_run_plan_id")),
    )
    with op.batch_alter_table("prov_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_run_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_prov_run_state"), ["state"], unique=False)

    op.create_table(
        "prov_lease",
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("step_key", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["prov_run.id"], name=op.f("fk_prov_lease_run_id")),
        sa.PrimaryKeyConstraint("resource", "slot", name=op.f("pk_prov_lease")),
    )
    with op.batch_alter_table("prov_lease", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_lease_run_id"), ["run_id"], unique=False)

    op.create_table(
        "prov_step",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("memory", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.Column("diff", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("progress", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["prov_run.id"], name=op.f("fk_prov_step_run_id")),
        sa.PrimaryKeyConstraint("run_id", "key", name=op.f("pk_prov_step")),
    )
    op.create_table(
        "prov_step_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["prov_run.id"], name=op.f("fk_prov_step_attempt_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_step_attempt")),
        sa.UniqueConstraint(
            "run_id", "key", "number", name=op.f("uq_prov_step_attempt_run_id_key_number")
        ),
    )
    with op.batch_alter_table("prov_step_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prov_step_attempt_run_id"), ["run_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("prov_step_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_step_attempt_run_id"))

    op.drop_table("prov_step_attempt")
    op.drop_table("prov_step")
    with op.batch_alter_table("prov_lease", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_lease_run_id"))

    op.drop_table("prov_lease")
    with op.batch_alter_table("prov_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_run_state"))
        batch_op.drop_index(batch_op.f("ix_prov_run_request_id"))

    op.drop_table("prov_run")
    with op.batch_alter_table("prov_reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_reservation_request_id"))

    op.drop_table("prov_reservation")
    with op.batch_alter_table("prov_approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_approval_request_id"))

    op.drop_table("prov_approval")
    with op.batch_alter_table("prov_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_plan_request_id"))

    op.drop_table("prov_plan")
    op.drop_table("prov_letter")
    with op.batch_alter_table("prov_instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_instance_name"))
        batch_op.drop_index(batch_op.f("ix_prov_instance_department_id"))

    op.drop_table("prov_instance")
    with op.batch_alter_table("prov_web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_web_session_person_id"))

    op.drop_table("prov_web_session")
    with op.batch_alter_table("prov_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_token_person_id"))

    op.drop_table("prov_token")
    with op.batch_alter_table("prov_request", schema=None) as batch_op:
        batch_op.drop_index("ix_prov_request_state_due")
        batch_op.drop_index("ix_prov_request_service_state")
        batch_op.drop_index(batch_op.f("ix_prov_request_department_id"))

    op.drop_table("prov_request")
    op.drop_table("prov_person_role")
    with op.batch_alter_table("prov_idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_idempotency_created_at"))

    op.drop_table("prov_idempotency")
    op.drop_table("prov_person")
    op.drop_table("prov_event_payload")
    op.drop_table("prov_sign_in_try")
    with op.batch_alter_table("prov_secret", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_secret_owner"))

    op.drop_table("prov_secret")
    with op.batch_alter_table("prov_outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_prov_outbox_due")

    op.drop_table("prov_outbox")
    with op.batch_alter_table("prov_handover", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prov_handover_owner"))

    op.drop_table("prov_handover")
    op.drop_table("prov_event")
    op.drop_table("prov_department")
    op.drop_table("prov_counter")
