-- Moments are microseconds since 1970. Connections are a-z, 0-9 and '-'; `person` is connection:id.

-- What is known of each person. `size` is the length of the id: numeric ids are then listed by number.
CREATE TABLE person (
    connection TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size = length(id)),
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    label TEXT NOT NULL,
    account TEXT,
    username TEXT,
    status TEXT NOT NULL,
    notes TEXT NOT NULL,
    suspended_by_us INTEGER NOT NULL,
    group_names TEXT NOT NULL,
    life TEXT,
    waits_for TEXT,
    fingerprint INTEGER,
    observed_at INTEGER,
    next_change INTEGER,
    last_sync INTEGER NOT NULL,
    cause TEXT NOT NULL,
    PRIMARY KEY (connection, size, id)
) STRICT;
CREATE INDEX person_by_account ON person (account, last_sync) WHERE account IS NOT NULL;
CREATE INDEX person_by_manager ON person (connection, waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX person_by_next_change ON person (next_change) WHERE next_change IS NOT NULL;

-- Who is to be looked at. `place` is the place in the order, never given twice. `due` is 0 for ready and parked
-- requests, the moment from which a delayed one may be taken, and the end of a lease. `turn` counts the leases: with
-- `place` it is the fencing token. Parked requests wait while `after_person` has one ready or leased.
CREATE TABLE request (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'parked', 'delayed', 'leased')),
    due INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    asked_at INTEGER NOT NULL,
    observed_at INTEGER,
    after_person TEXT,
    body TEXT NOT NULL
) STRICT;
-- One request waiting and one in flight for each person, at most.
CREATE UNIQUE INDEX request_by_person ON request (person, state = 'leased');
-- With `place` behind it, as behind every index: the next ready one is a look-up, without a sort.
CREATE INDEX request_by_state ON request (state, due);
CREATE INDEX request_parked ON request (after_person) WHERE state = 'parked';

-- The newest request of each person that was given up.
CREATE TABLE dead (
    person TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_by_time ON dead (at);

CREATE TABLE audit (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('intent', 'done', 'failed')),
    answers TEXT,
    plan TEXT,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_person ON audit (person, at);
CREATE INDEX audit_intents ON audit (person, at) WHERE kind = 'intent';
CREATE INDEX audit_by_intent ON audit (answers) WHERE answers IS NOT NULL;

CREATE TABLE cursor (
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE managed_group (
    name TEXT PRIMARY KEY,
    id TEXT,
    dynamic INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What must happen once: who said so first.
CREATE TABLE claim (
    what TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_by_end ON claim (until);
