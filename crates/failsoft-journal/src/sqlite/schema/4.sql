-- Which trace a call belongs to, what its prompt was estimated at, what attempts cost, and the
-- figures decisions were made by.
ALTER TABLE calls ADD COLUMN trace_id TEXT;
ALTER TABLE calls ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost_nanos INTEGER;
ALTER TABLE attempts ADD COLUMN grounds TEXT;
ALTER TABLE steps ADD COLUMN grounds TEXT;
ALTER TABLE states ADD COLUMN grounds TEXT;
-- A fingerprint of the session an operator did it in.
ALTER TABLE states ADD COLUMN operator TEXT;

-- Many healthy calls in one row each. `seq` is that of the first call, and no call of a sheet
-- stands in `calls` as well. `format` says how `packed` is written.
CREATE TABLE sheets (
  seq      INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  min_id   TEXT NOT NULL,
  max_id   TEXT NOT NULL,
  calls    INTEGER NOT NULL,
  format   INTEGER NOT NULL,
  packed   BLOB NOT NULL
) STRICT;
CREATE INDEX sheets_by_time ON sheets (last_ms, first_ms);
CREATE INDEX sheets_by_id ON sheets (min_id, max_id);
