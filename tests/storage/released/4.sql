PRAGMA application_id = 1145268340;
PRAGMA user_version = 4;
CREATE TABLE migration (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            applied_at REAL NOT NULL
        ) STRICT;
INSERT INTO migration VALUES (1, 'conversations', 1795309242.00972);
INSERT INTO migration VALUES (2, 'money', 1795309242.0449963);
INSERT INTO migration VALUES (3, 'evidence', 1795309242.0476224);
INSERT INTO migration VALUES (4, 'history', 1795309242.066262);
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
        , cache_write_tokens INTEGER, cost INTEGER, is_estimated INTEGER NOT NULL DEFAULT 0, is_cached INTEGER NOT NULL DEFAULT 0, deleted_at REAL) STRICT;
INSERT INTO message VALUES (1, 'm1', 'c1', NULL, 'user', 'complete', 1.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL);
INSERT INTO message VALUES (2, 'm2', 'c1', 'm1', 'assistant', 'complete', 2.0, 'm-1', 'stop', 'r1', 10, 20, 3, 4, 0.5, 2.5, NULL, 5, 123456789, 1, 0, NULL);
INSERT INTO message VALUES (3, 'm3', 'c1', 'm1', 'assistant', 'failed', 3.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"kind":"RateLimited","message":"slow down","status":429,"code":"rate_limit","request_id":"r2","retry_after":3.0,"host":"example.org"}', NULL, NULL, 0, 0, NULL);
INSERT INTO message VALUES (4, 'm4', 'c1', 'm1', 'assistant', 'streaming', 4.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL);
INSERT INTO message VALUES (5, 'm5', 'c2', NULL, 'user', 'complete', 0.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL);
INSERT INTO message VALUES (6, 'm6', 'c3', NULL, 'user', 'complete', 6.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL);
INSERT INTO message VALUES (7, 'm7', 'c3', 'm6', 'assistant', 'complete', 7.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 1795309242.1969068);
INSERT INTO message VALUES (8, 'm8', 'c3', 'm7', 'user', 'complete', 8.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL);
CREATE INDEX message_conversation ON message (conversation_id);
CREATE INDEX message_parent ON message (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX message_streaming ON message (state) WHERE state = 'streaming';
CREATE TABLE attachment (
            hash TEXT NOT NULL PRIMARY KEY,
            media_type TEXT NOT NULL,
            size INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT;
INSERT INTO attachment VALUES ('5555555555555555555555555555555555555555555555555555555555555555', 'image/png', 1234, 1795309242.1570077);
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
INSERT INTO part VALUES (4, 7, 0, 'text', 'No.', NULL, NULL, NULL, NULL);
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
CREATE TABLE attempt (
            seq INTEGER PRIMARY KEY,
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            ledger_seq INTEGER NOT NULL REFERENCES ledger (seq),
            request_id TEXT,
            error TEXT,
            request BLOB,
            response BLOB
        , pieces TEXT) STRICT;
INSERT INTO attempt VALUES (1, 2, 1, 'r1', '{"kind":"RateLimited","message":"slow down","status":429,"code":"rate_limit","request_id":"r2","retry_after":3.0,"host":"example.org"}', X'789C0D8CC10A833010057FA5ECB934F49A637F40416F2187C53C8CA026ECAE452AFD77731C66988B36582E893CF5DD30D2930E591B64B3AADE399CBCD515AF22B3FBBE9D406BD915DAC20C4E10251F02F1D126B2FCD896B237F7010BE411048927438A14E3FF06C6252577', X'789C0DC7410A80201005D07DA788BFD645D126AF22119253099534A3148877AFDD7B05925CCA0233F4A3C24ECE13FFB316AF66BA3349D2C143813B4C93429079C909667587506D0A8839324C5B709288DBE837E4884FEBE373A1D60F5E2F2111', '[[1, 2]]');
INSERT INTO attempt VALUES (2, 2, 2, 'r1', NULL, X'789C0D8CC10A833010057FA5ECB934F49A637F40416F2187C53C8CA026ECAE452AFD77731C66988B36582E893CF5DD30D2930E591B64B3AADE399CBCD515AF22B3FBBE9D406BD915DAC20C4E10251F02F1D126B2FCD896B237F7010BE411048927438A14E3FF06C6252577', X'789C0DC7410A83301005D07D4E217F9D14EB3257112983F9A2106B9A994045BC7BFB76EF829A5853C4A1EF3D564A62FD6F1CF10D959F46B5B02578D427A6C963D3D7DC0C7191ACBC5D1293D85DB0B310B143A596E3AD7CCCC75E328D09B7733FC31B21E6', '[[1, 2]]');
CREATE INDEX attempt_message ON attempt (message_seq);
CREATE INDEX attempt_ledger ON attempt (ledger_seq);
CREATE TABLE token_count (
            message_seq INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
            encoding TEXT NOT NULL,
            tokens INTEGER NOT NULL,
            PRIMARY KEY (message_seq, encoding)
        ) STRICT, WITHOUT ROWID;
INSERT INTO token_count VALUES (1, 'o200k_base', 6);
INSERT INTO token_count VALUES (2, 'o200k_base', 3);
CREATE TABLE cached_answer (
            seq INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            parts TEXT NOT NULL,
            model TEXT,
            finish_reason TEXT,
            created_at REAL NOT NULL
        ) STRICT;
INSERT INTO cached_answer VALUES (1, 'k1', '[[0,"reasoning","Think.",1.5,null,null,null,null,null],[1,"text","The Moon.",null,null,null,null,null,null]]', 'm-1', 'stop', 1795309242.1344154);
CREATE TABLE "ledger" (
            seq INTEGER PRIMARY KEY,
            day INTEGER NOT NULL CHECK (day BETWEEN 19000101 AND 99991231),
            conversation_id TEXT NOT NULL,
            message_id TEXT NOT NULL,
            endpoint_id TEXT NOT NULL,
            endpoint_name TEXT NOT NULL,
            dialect TEXT NOT NULL,
            purpose TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            model TEXT,
            request_id TEXT,
            started_at REAL NOT NULL,
            first_token REAL,
            duration REAL NOT NULL,
            outcome TEXT NOT NULL,
            status INTEGER,
            service_tier TEXT,
            input_tokens INTEGER CHECK (input_tokens BETWEEN 0 AND 1000000000),
            output_tokens INTEGER CHECK (output_tokens BETWEEN 0 AND 1000000000),
            cached_tokens INTEGER CHECK (cached_tokens BETWEEN 0 AND 1000000000),
            reasoning_tokens INTEGER CHECK (reasoning_tokens BETWEEN 0 AND 1000000000),
            cache_write_tokens INTEGER CHECK (cache_write_tokens BETWEEN 0 AND 1000000000),
            exact INTEGER NOT NULL,
            expected_input INTEGER CHECK (expected_input BETWEEN 0 AND 1000000000),
            cost INTEGER CHECK (cost BETWEEN 0 AND 1000000000000000000),
            error_kind TEXT
        ) STRICT;
INSERT INTO ledger VALUES (1, 19700101, 'c1', 'm2', 'e1', 'Example', 'responses', 'chat', 1, 'm-1', 'r1', 5.0, 0.5, 2.5, 'failed', 429, 'default', NULL, NULL, NULL, NULL, NULL, 0, 9, NULL, 'RateLimited');
INSERT INTO ledger VALUES (2, 19700101, 'c1', 'm2', 'e1', 'Example', 'responses', 'chat', 2, 'm-1', 'r1', 5.0, 0.5, 2.5, 'ok', 200, 'default', 10, 20, 3, 4, 5, 1, 9, 123456789, NULL);
CREATE INDEX ledger_started ON ledger (started_at);
CREATE INDEX ledger_exact ON ledger (endpoint_id, model) WHERE exact = 1;
CREATE TABLE attempt_under_way (
            message_id TEXT NOT NULL,
            purpose TEXT NOT NULL,
            entry TEXT NOT NULL,
            output_cost INTEGER NOT NULL,
            known INTEGER NOT NULL,
            PRIMARY KEY (message_id, purpose)
        ) STRICT, WITHOUT ROWID;
INSERT INTO attempt_under_way VALUES ('m5', 'chat', '["c2", "m5", "e1", "Example", "responses", "chat", 1, 50.0, 0.5, 2.5, "ok", "m-1", "r1", 200, "default", 10, 20, 3, 4, 5, true, 9, 123456789, null]', 14000000, 0);
CREATE TABLE ledger_endpoint (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL
        ) STRICT;
INSERT INTO ledger_endpoint VALUES ('e1', 'Example');
CREATE VIEW ledger_sum AS
        SELECT
            seq, day, started_at, conversation_id, endpoint_id, ifnull(model, '') AS model, purpose,
            1 AS requests,
            outcome = 'failed' AS failed,
            attempt > 1 AS retried,
            ifnull(input_tokens, 0) AS input,
            ifnull(output_tokens, 0) AS output,
            ifnull(cached_tokens, 0) AS cached,
            ifnull(reasoning_tokens, 0) AS reasoning,
            ifnull(cache_write_tokens, 0) AS cache_write,
            ifnull(cost, 0) AS cost,
            iif(exact, 0, ifnull(cost, 0)) AS estimated,
            cost IS NULL AND ifnull(input_tokens, 0) + ifnull(output_tokens, 0) > 0 AS unpriced,
            CAST(round(ln(max(first_token, 1e-6)) / ln(1.02)) AS INTEGER) AS bucket
        FROM ledger;
CREATE TABLE slot (
            slot INTEGER PRIMARY KEY,
            first REAL NOT NULL,
            last REAL NOT NULL,
            requests INTEGER NOT NULL, failed INTEGER NOT NULL, retried INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, reasoning INTEGER NOT NULL, cache_write INTEGER NOT NULL, cost INTEGER NOT NULL, estimated INTEGER NOT NULL, unpriced INTEGER NOT NULL
        ) STRICT;
INSERT INTO slot VALUES (0, 5.0, 5.0, 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot VALUES (197001, 5.0, 5.0, 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot VALUES (19700101, 5.0, 5.0, 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
CREATE TABLE slot_sum (
            slot INTEGER NOT NULL,
            endpoint_id TEXT NOT NULL,
            model TEXT NOT NULL,
            purpose TEXT NOT NULL,
            requests INTEGER NOT NULL, failed INTEGER NOT NULL, retried INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, reasoning INTEGER NOT NULL, cache_write INTEGER NOT NULL, cost INTEGER NOT NULL, estimated INTEGER NOT NULL, unpriced INTEGER NOT NULL,
            PRIMARY KEY (slot, endpoint_id, model, purpose)
        ) STRICT, WITHOUT ROWID;
INSERT INTO slot_sum VALUES (0, 'e1', 'm-1', 'chat', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot_sum VALUES (197001, 'e1', 'm-1', 'chat', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot_sum VALUES (19700101, 'e1', 'm-1', 'chat', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
CREATE TABLE slot_chat (
            slot INTEGER NOT NULL,
            conversation_id TEXT NOT NULL,
            requests INTEGER NOT NULL, failed INTEGER NOT NULL, retried INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL, reasoning INTEGER NOT NULL, cache_write INTEGER NOT NULL, cost INTEGER NOT NULL, estimated INTEGER NOT NULL, unpriced INTEGER NOT NULL,
            PRIMARY KEY (slot, conversation_id)
        ) STRICT, WITHOUT ROWID;
INSERT INTO slot_chat VALUES (0, 'c1', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot_chat VALUES (197001, 'c1', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
INSERT INTO slot_chat VALUES (19700101, 'c1', 2, 1, 1, 10, 20, 3, 4, 5, 123456789, 0, 0);
CREATE TABLE slot_first_token (
            slot INTEGER NOT NULL,
            bucket INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            PRIMARY KEY (slot, bucket)
        ) STRICT, WITHOUT ROWID;
INSERT INTO slot_first_token VALUES (0, -35, 2);
INSERT INTO slot_first_token VALUES (197001, -35, 2);
INSERT INTO slot_first_token VALUES (19700101, -35, 2);
CREATE TRIGGER ledger_added AFTER INSERT ON ledger BEGIN
            INSERT INTO ledger_endpoint VALUES (NEW.endpoint_id, NEW.endpoint_name)
            ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name;
            INSERT INTO slot
            SELECT slot, started_at, started_at, requests, failed, retried, input, output, cached, reasoning, cache_write, cost, estimated, unpriced FROM (SELECT NEW.day AS slot UNION ALL SELECT NEW.day / 100 UNION ALL SELECT 0), ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET
                first = min(first, excluded.first), last = max(last, excluded.last), requests = min(requests + excluded.requests, 9000000000000000000), failed = min(failed + excluded.failed, 9000000000000000000), retried = min(retried + excluded.retried, 9000000000000000000), input = min(input + excluded.input, 9000000000000000000), output = min(output + excluded.output, 9000000000000000000), cached = min(cached + excluded.cached, 9000000000000000000), reasoning = min(reasoning + excluded.reasoning, 9000000000000000000), cache_write = min(cache_write + excluded.cache_write, 9000000000000000000), cost = min(cost + excluded.cost, 9000000000000000000), estimated = min(estimated + excluded.estimated, 9000000000000000000), unpriced = min(unpriced + excluded.unpriced, 9000000000000000000);
            INSERT INTO slot_sum
            SELECT slot, endpoint_id, model, purpose, requests, failed, retried, input, output, cached, reasoning, cache_write, cost, estimated, unpriced FROM (SELECT NEW.day AS slot UNION ALL SELECT NEW.day / 100 UNION ALL SELECT 0), ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET requests = min(requests + excluded.requests, 9000000000000000000), failed = min(failed + excluded.failed, 9000000000000000000), retried = min(retried + excluded.retried, 9000000000000000000), input = min(input + excluded.input, 9000000000000000000), output = min(output + excluded.output, 9000000000000000000), cached = min(cached + excluded.cached, 9000000000000000000), reasoning = min(reasoning + excluded.reasoning, 9000000000000000000), cache_write = min(cache_write + excluded.cache_write, 9000000000000000000), cost = min(cost + excluded.cost, 9000000000000000000), estimated = min(estimated + excluded.estimated, 9000000000000000000), unpriced = min(unpriced + excluded.unpriced, 9000000000000000000);
            INSERT INTO slot_chat
            SELECT slot, conversation_id, requests, failed, retried, input, output, cached, reasoning, cache_write, cost, estimated, unpriced FROM (SELECT NEW.day AS slot UNION ALL SELECT NEW.day / 100 UNION ALL SELECT 0), ledger_sum WHERE seq = NEW.seq
            ON CONFLICT DO UPDATE SET requests = min(requests + excluded.requests, 9000000000000000000), failed = min(failed + excluded.failed, 9000000000000000000), retried = min(retried + excluded.retried, 9000000000000000000), input = min(input + excluded.input, 9000000000000000000), output = min(output + excluded.output, 9000000000000000000), cached = min(cached + excluded.cached, 9000000000000000000), reasoning = min(reasoning + excluded.reasoning, 9000000000000000000), cache_write = min(cache_write + excluded.cache_write, 9000000000000000000), cost = min(cost + excluded.cost, 9000000000000000000), estimated = min(estimated + excluded.estimated, 9000000000000000000), unpriced = min(unpriced + excluded.unpriced, 9000000000000000000);
            INSERT INTO slot_first_token
            SELECT slot, bucket, 1 FROM (SELECT NEW.day AS slot UNION ALL SELECT NEW.day / 100 UNION ALL SELECT 0), ledger_sum WHERE seq = NEW.seq AND bucket IS NOT NULL
            ON CONFLICT DO UPDATE SET requests = requests + 1;
        END;
CREATE TABLE sent_chat (
            seq INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE REFERENCES conversation (id) ON DELETE CASCADE
        ) STRICT;
INSERT INTO sent_chat VALUES (1, 'c1');
CREATE TABLE sent_piece (
            seq INTEGER PRIMARY KEY,
            chat_seq INTEGER NOT NULL REFERENCES sent_chat (seq) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (chat_seq, number)
        ) STRICT;
INSERT INTO sent_piece VALUES (1, 1, 1, X'8627774FC65CEBE385275E76972CF2CA', X'789CAB56CAC92C2E51B252CACC2B282D51D2514ACA4FA954B2AA56CACD4F49CD018AE7EA1A024521B25679A539393A4AC525F945A94A56698939C5A9B5B500CE82160C');
INSERT INTO sent_piece VALUES (2, 1, 2, X'0711CABBDDC96CBB13266619BC67E913', X'789CAB562ACACF4955B2522A2D4E2D52D2514ACECF2B49CD2B010A8467542A2416A52A9464A482C8CC94D4627BA55A008A961055');
CREATE INDEX sent_piece_hash ON sent_piece (chat_seq, hash, number);
CREATE INDEX attempt_evidence ON attempt (ledger_seq) WHERE request IS NOT NULL;
CREATE TABLE draft_part (
            draft_key TEXT NOT NULL REFERENCES draft (key) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            seconds REAL,
            attachment_hash TEXT REFERENCES attachment (hash),
            name TEXT,
            data TEXT,
            PRIMARY KEY (draft_key, position)
        ) STRICT;
INSERT INTO draft_part VALUES ('new', 0, 'image', '', NULL, '5555555555555555555555555555555555555555555555555555555555555555', 'sea.png', '{"width":640,"height":480,"detail":"low"}');
INSERT INTO draft_part VALUES ('new', 1, 'image', '', NULL, NULL, NULL, '{"url":"https://example.org/sea.png"}');
CREATE INDEX draft_part_attachment ON draft_part (attachment_hash)
        WHERE attachment_hash IS NOT NULL;
CREATE TABLE folder (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            parent_id TEXT REFERENCES folder (id),
            position INTEGER NOT NULL
        ) STRICT;
INSERT INTO folder VALUES (1, 'f1', 'Sea', NULL, 0);
INSERT INTO folder VALUES (2, 'f2', 'Coast', 'f1', 0);
CREATE TABLE tag (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            key TEXT NOT NULL UNIQUE,
            color TEXT NOT NULL
        ) STRICT;
INSERT INTO tag VALUES (1, 't1', 'Très important', 'tres important', 'red');
CREATE TABLE "conversation" (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            sequence INTEGER NOT NULL,
            title TEXT NOT NULL,
            title_key TEXT NOT NULL,
            title_source TEXT NOT NULL,
            endpoint_id TEXT,
            model TEXT,
            parameters TEXT NOT NULL,
            context TEXT NOT NULL DEFAULT '{}',
            active_leaf TEXT,
            folder_id TEXT REFERENCES folder (id),
            pinned INTEGER NOT NULL,
            archived INTEGER NOT NULL DEFAULT 0,
            unread INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL,
            used_at REAL NOT NULL,
            deleted_at REAL,
            origin TEXT NOT NULL DEFAULT ''
        ) STRICT;
INSERT INTO conversation VALUES (1, 'c1', 1795309242101034, 'Tides', 'tides', 'user', 'e1', 'm-1', '{"system_prompt":"Be brief.","temperature":0.5,"max_output_tokens":100,"reasoning_effort":"low"}', '{"strategy":"last_turns","turns":3,"pinned":["m1"]}', 'm4', 'f2', 1, 0, 1, 0.0, 1795309242.101034, NULL, '');
INSERT INTO conversation VALUES (2, 'c2', 1795309242134975, 'Gone', 'gone', 'first_words', NULL, NULL, '{}', '{}', 'm5', NULL, 0, 0, 0, 0.0, 1795309242.134975, 1795309242.1474042, '');
INSERT INTO conversation VALUES (3, 'c3', 1795309242188794, 'Énez Eusa', 'enez eusa', 'first_words', NULL, NULL, '{}', '{}', 'm8', NULL, 0, 1, 0, 0.0, 1795309242.1887946, NULL, 'import:chatgpt');
CREATE INDEX conversation_sequence ON conversation (sequence);
CREATE INDEX conversation_deleted ON conversation (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX conversation_used
        ON conversation (archived, pinned DESC, sequence DESC, used_at, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
CREATE INDEX conversation_made
        ON conversation (archived, pinned DESC, created_at DESC, seq, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
CREATE INDEX conversation_title
        ON conversation (archived, pinned DESC, title_key, sequence DESC, used_at, folder_id, deleted_at)
        WHERE deleted_at IS NULL;
CREATE INDEX conversation_folder
        ON conversation (folder_id, deleted_at, archived, pinned DESC, sequence DESC, used_at)
        WHERE folder_id IS NOT NULL;
CREATE TABLE conversation_tag (
            conversation_seq INTEGER NOT NULL REFERENCES conversation (seq) ON DELETE CASCADE,
            tag_seq INTEGER NOT NULL REFERENCES tag (seq) ON DELETE CASCADE,
            PRIMARY KEY (conversation_seq, tag_seq)
        ) STRICT, WITHOUT ROWID;
INSERT INTO conversation_tag VALUES (1, 1);
CREATE INDEX conversation_tag_tag ON conversation_tag (tag_seq, conversation_seq);
CREATE INDEX message_deleted ON message (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE VIRTUAL TABLE search_word USING fts5 (
            words, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '+#'"
        );
DELETE FROM search_word_data;
INSERT INTO search_word_data VALUES (1, X'');
INSERT INTO search_word_data VALUES (10, X'00000001000000');
DELETE FROM search_word_idx;
DELETE FROM search_word_config;
INSERT INTO search_word_config VALUES ('secure-delete', 1);
INSERT INTO search_word_config VALUES ('version', 4);
CREATE TABLE search_pending (
            doc INTEGER PRIMARY KEY,
            is_indexed INTEGER NOT NULL
        ) STRICT;
INSERT INTO search_pending VALUES (-3, 0);
INSERT INTO search_pending VALUES (-2, 0);
INSERT INTO search_pending VALUES (-1, 0);
INSERT INTO search_pending VALUES (1, 0);
INSERT INTO search_pending VALUES (2, 0);
INSERT INTO search_pending VALUES (3, 0);
INSERT INTO search_pending VALUES (4, 0);
INSERT INTO search_pending VALUES (5, 0);
INSERT INTO search_pending VALUES (6, 0);
INSERT INTO search_pending VALUES (7, 0);
INSERT INTO search_pending VALUES (8, 0);
CREATE TABLE search_gone (
            seq INTEGER PRIMARY KEY,
            doc INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            name TEXT
        ) STRICT;
CREATE INDEX search_gone_doc ON search_gone (doc);
CREATE TRIGGER search_message_added AFTER INSERT ON message BEGIN
            INSERT INTO search_pending VALUES (NEW.seq, 0) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_part_added AFTER INSERT ON part BEGIN
            INSERT INTO search_pending VALUES (NEW.message_seq, 0) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_title_added AFTER INSERT ON conversation BEGIN
            INSERT INTO search_pending VALUES (-NEW.seq, 0) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_part_gone AFTER DELETE ON part
        WHEN ifnull((SELECT is_indexed FROM search_pending WHERE doc = OLD.message_seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (OLD.message_seq, OLD.kind, OLD.text, OLD.name);
            INSERT INTO search_pending VALUES (OLD.message_seq, 1) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_message_gone AFTER DELETE ON message
        WHEN ifnull((SELECT is_indexed FROM search_pending WHERE doc = OLD.seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (OLD.seq, 'message', json_array(OLD.role, OLD.model, strftime('%Y%m', OLD.created_at, 'unixepoch'), OLD.conversation_id), NULL);
            INSERT INTO search_pending VALUES (OLD.seq, 1) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_title_gone AFTER DELETE ON conversation
        WHEN ifnull((SELECT is_indexed FROM search_pending WHERE doc = -OLD.seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (-OLD.seq, 'title', OLD.title, NULL);
            INSERT INTO search_pending VALUES (-OLD.seq, 1) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_part_changed AFTER UPDATE OF message_seq, kind, text, name ON part
        WHEN (NEW.message_seq IS NOT OLD.message_seq OR NEW.kind IS NOT OLD.kind OR NEW.text IS NOT OLD.text OR NEW.name IS NOT OLD.name) AND ifnull((SELECT is_indexed FROM search_pending WHERE doc = OLD.message_seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (OLD.message_seq, OLD.kind, OLD.text, OLD.name);
            INSERT INTO search_pending VALUES (OLD.message_seq, 1) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_message_changed AFTER UPDATE OF role, model, created_at, conversation_id ON message
        WHEN (NEW.role IS NOT OLD.role OR NEW.model IS NOT OLD.model OR NEW.created_at IS NOT OLD.created_at OR NEW.conversation_id IS NOT OLD.conversation_id) AND ifnull((SELECT is_indexed FROM search_pending WHERE doc = OLD.seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (OLD.seq, 'message', json_array(OLD.role, OLD.model, strftime('%Y%m', OLD.created_at, 'unixepoch'), OLD.conversation_id), NULL);
            INSERT INTO search_pending VALUES (OLD.seq, 1) ON CONFLICT DO NOTHING;
        END;
CREATE TRIGGER search_title_changed AFTER UPDATE OF title ON conversation
        WHEN (NEW.title IS NOT OLD.title) AND ifnull((SELECT is_indexed FROM search_pending WHERE doc = -OLD.seq), 1) BEGIN
            INSERT INTO search_gone (doc, kind, text, name) VALUES (-OLD.seq, 'title', OLD.title, NULL);
            INSERT INTO search_pending VALUES (-OLD.seq, 1) ON CONFLICT DO NOTHING;
        END;
