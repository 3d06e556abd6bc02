PRAGMA application_id = 1145268340;
PRAGMA user_version = 1;
CREATE TABLE migration (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            applied_at REAL NOT NULL
        ) STRICT;
INSERT INTO migration VALUES (1, 'conversations', 1795231635.0491362);
CREATE TABLE conversation (
            id TEXT NOT NULL PRIMARY KEY,
            sequence INTEGER NOT NULL,
            title TEXT NOT NULL,
            title_source TEXT NOT NULL,
            endpoint_id TEXT,
            model TEXT,
            parameters TEXT NOT NULL,
            active_leaf TEXT,
            pinned INTEGER NOT NULL,
            created_at REAL NOT NULL,
            used_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT;
INSERT INTO conversation VALUES ('c1', 2, 'Tides', 'user', 'e1', 'm-1', '{"system_prompt":"Be brief.","temperature":0.5,"max_output_tokens":100,"reasoning_effort":"low"}', 'm4', 1, 0.0, 1795231635.0531511, NULL);
INSERT INTO conversation VALUES ('c2', 3, 'Gone', 'first_words', NULL, NULL, '{}', 'm5', 0, 0.0, 1795231635.0554094, 1795231635.0559223);
CREATE INDEX conversation_sequence ON conversation (sequence);
CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TABLE message (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
            parent_id TEXT REFERENCES message (id),
            role TEXT NOT NULL,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            model TEXT,
            finish_reason TEXT,
            request_id TEXT,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            first_token REAL,
            duration REAL,
            error TEXT
        ) STRICT;
INSERT INTO message VALUES (1, 'm1', 'c1', NULL, 'user', 'complete', 1.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO message VALUES (2, 'm2', 'c1', 'm1', 'assistant', 'complete', 2.0, 'm-1', 'stop', 'r1', 10, 20, 3, 4, 0.5, 2.5, NULL);
INSERT INTO message VALUES (3, 'm3', 'c1', 'm1', 'assistant', 'failed', 3.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"kind":"RateLimited","message":"slow down","status":429,"code":"rate_limit","request_id":"r2","retry_after":3.0,"host":"example.org"}');
INSERT INTO message VALUES (4, 'm4', 'c1', 'm1', 'assistant', 'streaming', 4.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO message VALUES (5, 'm5', 'c2', NULL, 'user', 'complete', 0.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE INDEX message_conversation ON message (conversation_id);
CREATE INDEX message_parent ON message (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX message_streaming ON message (state) WHERE state = 'streaming';
CREATE TABLE attachment (
            hash TEXT NOT NULL PRIMARY KEY,
            media_type TEXT NOT NULL,
            size INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT;
CREATE TABLE part (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            seconds REAL,
            attachment_hash TEXT REFERENCES attachment (hash),
            name TEXT,
            data TEXT,
            UNIQUE (message_seq, position)
        ) STRICT;
INSERT INTO part VALUES (1, 1, 0, 'text', 'Why are there tides?', NULL, NULL, NULL, NULL);
INSERT INTO part VALUES (2, 2, 0, 'reasoning', 'Think.', 1.5, NULL, NULL, NULL);
INSERT INTO part VALUES (3, 2, 1, 'text', 'The Moon.', NULL, NULL, NULL, NULL);
CREATE INDEX part_attachment ON part (attachment_hash) WHERE attachment_hash IS NOT NULL;
CREATE TABLE delta (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT;
INSERT INTO delta VALUES (1, 4, 'reasoning', 'Hm');
INSERT INTO delta VALUES (2, 4, 'text', 'Half an ');
INSERT INTO delta VALUES (3, 4, 'text', 'answer');
CREATE TABLE draft (
            key TEXT NOT NULL PRIMARY KEY,
            text TEXT NOT NULL
        ) STRICT;
INSERT INTO draft VALUES ('new', 'Where was I?');
CREATE TABLE ledger (
            seq INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL,
            message_id TEXT NOT NULL,
            endpoint_id TEXT NOT NULL,
            endpoint_name TEXT NOT NULL,
            dialect TEXT NOT NULL,
            purpose TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            model TEXT,
            started_at REAL NOT NULL,
            first_token REAL,
            duration REAL NOT NULL,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            exact INTEGER NOT NULL,
            cost_usd TEXT,
            error_kind TEXT
        ) STRICT;
INSERT INTO ledger VALUES (1, 'c1', 'm2', 'e1', 'Example', 'responses', 'chat', 1, 'm-1', 5.0, 0.5, 2.5, NULL, NULL, NULL, NULL, 0, NULL, 'RateLimited');
INSERT INTO ledger VALUES (2, 'c1', 'm2', 'e1', 'Example', 'responses', 'chat', 2, 'm-1', 5.0, 0.5, 2.5, 10, 20, 3, 4, 1, NULL, NULL);
CREATE INDEX ledger_started ON ledger (started_at);
CREATE TABLE attempt (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            ledger_seq INTEGER NOT NULL REFERENCES ledger (seq),
            request_id TEXT,
            error TEXT,
            request BLOB,
            response BLOB
        ) STRICT;
INSERT INTO attempt VALUES (1, 2, 1, 'r1', '{"kind":"RateLimited","message":"slow down","status":429,"code":"rate_limit","request_id":"r2","retry_after":3.0,"host":"example.org"}', NULL, NULL);
INSERT INTO attempt VALUES (2, 2, 2, 'r1', NULL, NULL, NULL);
CREATE INDEX attempt_message ON attempt (message_seq);
CREATE INDEX attempt_ledger ON attempt (ledger_seq);
