"""The tables of the search index, and the triggers that note what it lacks and what is too much in it."""

FACTS = "json_array({0}.role, {0}.model, strftime('%Y%m', {0}.created_at, 'unixepoch'), {0}.conversation_id)"
"""What is known of the message of the table or row ``{0}`` beside its words, as the index has it."""


def _leaving(name: str, event: str, doc: str, *values: str, when: str = "") -> str:
    """A trigger that keeps what was indexed and is no more, until it is taken out of the index."""
    return f"""
        CREATE TRIGGER {name} AFTER {event}
        WHEN {when}ifnull((SELECT is_indexed FROM search_pending WHERE doc = {doc}), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES ({doc}, {", ".join(values)});
            INSERT INTO search_pending VALUES ({doc}, 1) ON CONFLICT DO NOTHING;
        END;"""


def _changed(*columns: str) -> str:
    return f"({' OR '.join(f'NEW.{name} IS NOT OLD.{name}' for name in columns)}) AND "


_PART = ("OLD.message_seq", "OLD.kind", "OLD.text", "OLD.name")
_PART_COLUMNS = ("message_seq", "kind", "text", "name")
_MESSAGE = ("OLD.seq", "'message'", FACTS.format("OLD"), "NULL")
_MESSAGE_COLUMNS = ("role", "model", "created_at", "conversation_id")
_TITLE = ("-OLD.seq", "'title'", "OLD.title", "NULL")

SCHEMA = f"""
        -- A row is a document: of a message under its seq, of the title of a conversation under its negative
        -- seq. Python makes its words (``keys_of_rows``), and each stands there once. FTS5 keeps no text and
        -- no places, which takes a fifth of the room; phrases are looked for in the texts of the messages.
        CREATE VIRTUAL TABLE search_word USING fts5 (
            words, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '+#'"
        );
        INSERT INTO search_word (search_word, rank) VALUES ('secure-delete', 1);

        -- What is to be indexed, or indexed anew. Every other document is in the index as it is.
        CREATE TABLE search_pending (
            doc INTEGER PRIMARY KEY,
            is_indexed INTEGER NOT NULL
        ) STRICT;

        -- What is still in the index of changed and deleted documents: FTS5 has to be told the very words.
        CREATE TABLE search_gone (
            seq INTEGER PRIMARY KEY,
            doc INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            name TEXT
        ) STRICT;
        CREATE INDEX search_gone_doc ON search_gone (doc);

        INSERT INTO search_pending SELECT seq, 0 FROM message;
        INSERT INTO search_pending SELECT -seq, 0 FROM conversation;

        CREATE TRIGGER search_message_added AFTER INSERT ON message BEGIN
            INSERT INTO search_pending VALUES (NEW.seq, 0) ON CONFLICT DO NOTHING;
        END;
        CREATE TRIGGER search_part_added AFTER INSERT ON part BEGIN
            INSERT INTO search_pending VALUES (NEW.message_seq, 0) ON CONFLICT DO NOTHING;
        END;
        CREATE TRIGGER search_title_added AFTER INSERT ON conversation BEGIN
            INSERT INTO search_pending VALUES (-NEW.seq, 0) ON CONFLICT DO NOTHING;
        END;
{_leaving("search_part_gone", "DELETE ON part", *_PART)}
{_leaving("search_message_gone", "DELETE ON message", *_MESSAGE)}
{_leaving("search_title_gone", "DELETE ON conversation", *_TITLE)}
{
    _leaving(
        "search_part_changed",
        f"UPDATE OF {', '.join(_PART_COLUMNS)} ON part",
        *_PART,
        when=_changed(*_PART_COLUMNS),
    )
}
{
    _leaving(
        "search_message_changed",
        f"UPDATE OF {', '.join(_MESSAGE_COLUMNS)} ON message",
        *_MESSAGE,
        when=_changed(*_MESSAGE_COLUMNS),
    )
}
{_leaving("search_title_changed", "UPDATE OF title ON conversation", *_TITLE, when=_changed("title"))}
"""
"""What the fourth schema has of the search, behind ``message``, ``part`` and ``conversation``."""
