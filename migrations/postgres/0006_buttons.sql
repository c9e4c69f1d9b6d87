-- Signatures given with buttons.

ALTER TABLE sign_offs ADD COLUMN way TEXT NOT NULL DEFAULT 'reaction';  -- or `button`
ALTER TABLE sign_offs ADD COLUMN comment TEXT;                           -- what its author had to say, if anything
