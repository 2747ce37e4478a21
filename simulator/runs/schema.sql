-- The ledger: the record of a run. Applied to an empty file; older files come to it by migrations.py.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- What the run started from, so that it can be resumed without the files.
CREATE TABLE inputs (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id)
);

-- Every reply that was paid for, under the hash of all that it depends on.
CREATE TABLE replies (
  key TEXT PRIMARY KEY, model TEXT NOT NULL, role TEXT NOT NULL, stage TEXT NOT NULL, finish TEXT NOT NULL,
  text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, repaired INTEGER NOT NULL,
  usd REAL  -- what it cost at the prices of its day; NULL when they were not known
) WITHOUT ROWID;

-- Batches that were handed to a provider, kept before they are submitted, so that none is submitted (and paid for) twice.
-- `keys` are those of its replies, `remote` is the provider's id ('' until it is known), `told` what became of it.
CREATE TABLE batches (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, model TEXT NOT NULL, role TEXT NOT NULL, stage TEXT NOT NULL,
  state TEXT NOT NULL, remote TEXT NOT NULL, keys TEXT NOT NULL, told TEXT NOT NULL
);

-- Units that ended, with how they ended. A unit and all that follows from it are written in one transaction.
CREATE TABLE units (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stage TEXT NOT NULL, role TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('done', 'failed')), inputs TEXT NOT NULL, seed INTEGER NOT NULL,
  result TEXT NOT NULL
);
CREATE INDEX units_by_stage ON units (stage, seq);

CREATE TABLE personas (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, hop INTEGER NOT NULL CHECK (hop BETWEEN 0 AND 6),
  origin TEXT NOT NULL, source TEXT NOT NULL, question TEXT, unit TEXT NOT NULL, attributes TEXT NOT NULL
);
CREATE TABLE relations (
  seq INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  hop INTEGER NOT NULL CHECK (hop BETWEEN 1 AND 6), unit TEXT NOT NULL, UNIQUE (source, target, name)
);
CREATE TABLE decisions (
  seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, candidate TEXT NOT NULL, text TEXT NOT NULL,
  admitted INTEGER NOT NULL, stage TEXT, survivor TEXT, score REAL, reason TEXT NOT NULL, unit TEXT NOT NULL
);
CREATE TABLE products (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, persona TEXT NOT NULL, unit TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (kind, id)
);
CREATE TABLE failures (
  seq INTEGER PRIMARY KEY, unit TEXT NOT NULL UNIQUE, stage TEXT NOT NULL, role TEXT NOT NULL, cause TEXT NOT NULL,
  message TEXT NOT NULL, raw TEXT NOT NULL, attempts INTEGER NOT NULL
);

-- Units that were given another try after their replies could not be used (sixhop retry). The count goes into the seed
-- that the unit is performed with, so that the model is asked anew, and the same again after a kill.
CREATE TABLE retries (unit TEXT PRIMARY KEY, times INTEGER NOT NULL CHECK (times > 0)) WITHOUT ROWID;

-- What was found out and may come out differently another time: how code that a model wrote ran within its limits, what a
-- function of the user's says of a conversation. Kept before anything follows from it, so that a run that goes on judges
-- nothing anew.
CREATE TABLE findings (key TEXT PRIMARY KEY, stage TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
