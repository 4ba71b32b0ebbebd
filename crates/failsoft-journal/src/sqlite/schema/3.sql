-- Streams that lost single events, or went on from another attempt.
ALTER TABLE attempts ADD COLUMN dropped_events INTEGER NOT NULL DEFAULT 0;
-- Characters of the answer the client had when this attempt went on with it.
ALTER TABLE attempts ADD COLUMN seam INTEGER;
ALTER TABLE attempts ADD COLUMN onward TEXT;
