"""${message}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
from models import guards

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    guards.remove(op.get_bind())
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    guards.remove(op.get_bind())
    ${downgrades if downgrades else "pass"}
