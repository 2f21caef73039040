"""What Alembic runs. The tables are those of `models`, the connection is `migrations.upgrade`'s.

By hand, to write the next migration: `alembic -x url=sqlite:///some.db revision --autogenerate -m "..."`.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from models import Base, database, guards, migrations
from models.instants import Instant


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:  # noqa: ANN401 (Alembic's face)
    if kind == "type" and isinstance(item, Instant):
        autogen.imports.add("from models.instants import Instant")
        return "Instant()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render,
        # SQLite alters a table by building it anew
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    before = context.get_context().get_current_heads()
    with context.begin_transaction():
        context.run_migrations()
    after = context.get_context().get_current_heads()
    newest = tuple(ScriptDirectory.from_config(context.config).get_heads())
    if after != before and after == newest:
        guards.install(connection)


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    url = context.get_x_argument(as_dictionary=True)["url"]
    with migrations.transaction(database.engine(url)) as connection:
        migrate(connection)
