-- Attempts at targets of another dialect than the client's.
ALTER TABLE attempts ADD COLUMN translated_to TEXT;
ALTER TABLE attempts ADD COLUMN left_out TEXT;
