"""Run the migrations on the connection that `database.migrate` hands over."""

from alembic import context

from harmony.store.control.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
