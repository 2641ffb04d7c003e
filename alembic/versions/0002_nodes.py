"""The table of nodes: other application entities and DICOMweb servers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "node",
        sa.Column("ae_title", text, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ae_title", name="pk_node"),
    )


def downgrade() -> None:
    op.drop_table("node")
