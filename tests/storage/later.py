"""Migrations of versions to come, for tests. Imports little: a process is started for each statement."""

from desktop_chat.storage.migrations import MIGRATIONS, Migration

NOTES = Migration("notes", "A test needs one.", "CREATE TABLE note (text TEXT NOT NULL) STRICT")
REBUILD = Migration(
    "rebuild",
    "A test of the way SQLite recommends for changes that ALTER TABLE cannot do.",
    """
    CREATE TABLE new_message AS SELECT * FROM message;
    DROP TABLE message;
    ALTER TABLE new_message RENAME TO message;
    CREATE UNIQUE INDEX message_seq ON message (seq);
    CREATE UNIQUE INDEX message_id ON message (id);
    """,
)
LATER = (*MIGRATIONS, NOTES, REBUILD)
