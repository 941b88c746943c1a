-- The practice network's memory: one file, so that a restart forgets nothing.

CREATE TABLE IF NOT EXISTS people (
    slug         TEXT PRIMARY KEY,
    position     INTEGER NOT NULL,          -- their order, in every list
    name         TEXT NOT NULL,
    headline     TEXT NOT NULL,
    location     TEXT NOT NULL,
    language     TEXT NOT NULL CHECK (language IN ('en', 'fr')),
    about        TEXT NOT NULL,
    open_to_work INTEGER NOT NULL,
    details      TEXT NOT NULL,             -- JSON: jobs, schools, skills, certificates, languages
    birth_month  INTEGER,                   -- NULL: nobody is told of the birthday
    birth_day    INTEGER,
    birth_year   INTEGER,
    deleted      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS people_with_birthdays ON people (position) WHERE birth_month IS NOT NULL;

-- The member id at an address, where it isn't the one that the slug stands for: somebody took the address over.
CREATE TABLE IF NOT EXISTS taken_over (
    slug      TEXT PRIMARY KEY REFERENCES people,
    member_id TEXT NOT NULL UNIQUE
) STRICT;

-- What a search compares, without capitals and accents. The columns are named as the terms of its address.
CREATE TABLE IF NOT EXISTS searched (
    position INTEGER PRIMARY KEY,
    slug     TEXT NOT NULL UNIQUE REFERENCES people,
    keywords TEXT NOT NULL,
    title    TEXT NOT NULL,
    company  TEXT NOT NULL,
    location TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS connections (
    member TEXT NOT NULL,
    slug   TEXT NOT NULL REFERENCES people,
    PRIMARY KEY (member, slug)
) STRICT;

-- What the threads show. visible_at is later than at when a message is made to show late.
CREATE TABLE IF NOT EXISTS messages (
    id         INTEGER PRIMARY KEY,
    member     TEXT NOT NULL,
    slug       TEXT NOT NULL REFERENCES people,
    outgoing   INTEGER NOT NULL,
    text       TEXT NOT NULL,
    at         TEXT NOT NULL,
    visible_at TEXT NOT NULL,
    automatic  INTEGER NOT NULL DEFAULT 0   -- the network marks it as an automatic answer
) STRICT;
CREATE INDEX IF NOT EXISTS messages_of_a_thread ON messages (member, slug, id);

-- Up to which message a member has opened the conversation; what came in since is unread.
CREATE TABLE IF NOT EXISTS opened (
    member     TEXT NOT NULL,
    slug       TEXT NOT NULL REFERENCES people,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (member, slug)
) STRICT;

-- Every effect that reached the network. Tests compare against this table, so it is append-only.
CREATE TABLE IF NOT EXISTS ledger (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT NOT NULL,
    member TEXT NOT NULL,
    slug   TEXT NOT NULL,
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_is_never_shortened BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- Whom a member has invited. became is NULL while the invitation waits for an answer.
CREATE TABLE IF NOT EXISTS invitations (
    member  TEXT NOT NULL,
    slug    TEXT NOT NULL,
    sent_on TEXT NOT NULL,
    became  TEXT CHECK (became IN ('accepted', 'withdrawn')),
    PRIMARY KEY (member, slug)
) STRICT;

CREATE TABLE IF NOT EXISTS views (
    member TEXT NOT NULL,
    path   TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (member, path)
) STRICT;

CREATE TABLE IF NOT EXISTS sessions (
    token  TEXT PRIMARY KEY,
    csrf   TEXT NOT NULL,
    member TEXT NOT NULL,
    at     TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS faults (
    name        TEXT PRIMARY KEY,
    value       TEXT NOT NULL,              -- JSON
    times       INTEGER,                    -- NULL: until cleared
    path_prefix TEXT
) STRICT;
