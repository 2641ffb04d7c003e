"""The table of transfers between the archive and nodes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    texts = ("id", "kind", "node", "state", "owner")
    numbers = ("total", "completed", "failed", "attempts", "created", "changed", "heartbeat")
    op.create_table(
        "transfer",
        *(sa.Column(name, text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("problems", "position", "resources")),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
    )
    op.create_index("ix_transfer_state", "transfer", ["state", "created"])
    op.create_index("ix_transfer_created", "transfer", ["created"])
    op.create_index("ix_transfer_changed", "transfer", ["changed"])


def downgrade() -> None:
    op.drop_table("transfer")
