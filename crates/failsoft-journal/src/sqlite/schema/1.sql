-- One row for each provider, model and key that was ever used; the key is a fingerprint.
CREATE TABLE targets (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  provider   TEXT NOT NULL,
  credential TEXT NOT NULL,
  UNIQUE (name, provider, credential)
) STRICT;

-- `seq` is the order of the journal; wall clocks may jump, it never does.
CREATE TABLE calls (
  seq              INTEGER PRIMARY KEY,
  id               TEXT NOT NULL,
  started_ms       INTEGER NOT NULL,
  route            TEXT NOT NULL,
  model            TEXT NOT NULL,
  dialect          TEXT NOT NULL,
  delivery         TEXT,
  profile          TEXT,
  client           TEXT,
  client_retries   INTEGER NOT NULL,
  tag              TEXT,
  request_bytes    INTEGER NOT NULL,
  max_attempts     INTEGER,
  deadline_ns      INTEGER,
  verdict          TEXT,
  kind             TEXT,
  status           INTEGER NOT NULL,
  retry_after_ns   INTEGER,
  answer_ordinal   INTEGER,
  attempts         INTEGER NOT NULL,
  waited_ns        INTEGER NOT NULL,
  first_content_ns INTEGER,
  took_ns          INTEGER
) STRICT;
CREATE INDEX calls_by_id ON calls (id);
CREATE INDEX calls_by_start ON calls (started_ms);

-- `start_step`, `commit_step` and `end_step` give an attempt's place among the steps of its call.
CREATE TABLE attempts (
  call             INTEGER NOT NULL,
  ordinal          INTEGER NOT NULL,
  target           INTEGER,
  model            TEXT,
  why              TEXT,
  start_step       INTEGER,
  commit_step      INTEGER,
  end_step         INTEGER,
  started_ns       INTEGER,
  connected_ns     INTEGER,
  headers_ns       INTEGER,
  first_content_ns INTEGER,
  committed_ns     INTEGER,
  took_ns          INTEGER,
  outcome          TEXT,
  kind             TEXT,
  phase            TEXT,
  same_target      TEXT,
  elsewhere        TEXT,
  cancel_reason    TEXT,
  retry_after_ns   INTEGER,
  status           INTEGER,
  code             TEXT,
  request_id       TEXT,
  words            TEXT,
  input_tokens     INTEGER,
  output_tokens    INTEGER,
  delivered_bytes  INTEGER NOT NULL,
  PRIMARY KEY (call, ordinal)
) STRICT, WITHOUT ROWID;

-- All that came to be in a call beside its attempts. Offsets count from the call's start.
CREATE TABLE steps (
  call       INTEGER NOT NULL,
  step       INTEGER NOT NULL,
  at_ns      INTEGER NOT NULL,
  what       TEXT NOT NULL,
  target     INTEGER,
  why        TEXT,
  reason     TEXT,
  from_state TEXT,
  to_state   TEXT,
  until_ns   INTEGER,
  took_ns    INTEGER,
  value      INTEGER,
  PRIMARY KEY (call, step)
) STRICT, WITHOUT ROWID;

-- Changes that belong to no single call.
CREATE TABLE states (
  seq        INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  what       TEXT NOT NULL,
  target     INTEGER,
  why        TEXT,
  reason     TEXT,
  from_state TEXT,
  to_state   TEXT,
  until_ms   INTEGER,
  value      INTEGER
) STRICT;
CREATE INDEX states_by_time ON states (at_ms);

-- Records that could not be kept.
CREATE TABLE drops (
  seq     INTEGER PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  healthy INTEGER NOT NULL,
  failed  INTEGER NOT NULL
) STRICT;
