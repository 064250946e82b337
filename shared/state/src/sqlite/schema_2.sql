-- Each row of the audit names the rules it was decided by, and an outcome how many actions were carried out.
ALTER TABLE audit ADD COLUMN rules TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN actions INTEGER NOT NULL DEFAULT 0;
