"""Run the migrations: on the connection of `dicomcore.index.migrate`, or by hand.

``alembic -x database=sqlite:///index.db upgrade head``
"""

from alembic import context
from sqlalchemy import Connection

from dicomcore.index import metadata, open_engine


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = open_engine(context.get_x_argument(as_dictionary=True)["database"], writes=True)
    with engine.begin() as connection:
        run(connection)
