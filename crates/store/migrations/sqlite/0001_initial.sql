-- Documents of every class. The group comes first in every key: it is the sharding key.
-- `facts` is everything that is derived from the body (src/sqlite/facts.rs): probes read it, and a
-- change is compared with it, so that the tables below need no index by document. It stands before
-- the body, which may be long.
CREATE TABLE document (
  group_id   TEXT NOT NULL,
  class      TEXT NOT NULL,
  id         TEXT NOT NULL,
  rev        TEXT NOT NULL,
  deleted    BOOLEAN NOT NULL,
  created_by TEXT,
  facts      BLOB NOT NULL,
  body       TEXT NOT NULL
);
CREATE UNIQUE INDEX document_key ON document (group_id, class, id);
CREATE INDEX document_groups ON document (id) WHERE class = 'Group';

-- Numbers for the pairs that begin most keys: a group and the name of an index or a class. Spelled
-- out they would be a third of every row of the tables below, of which each document has a dozen.
CREATE TABLE namespace (
  no       INTEGER PRIMARY KEY,
  group_id TEXT NOT NULL,
  name     TEXT NOT NULL
);
CREATE UNIQUE INDEX namespace_name ON namespace (group_id, name);

-- What is searchable of a live document; the namespace is that of the index. A missing sort value is
-- stored as the largest integer, so that it comes last.
CREATE TABLE posting (
  namespace BIGINT NOT NULL,
  term      TEXT NOT NULL,
  sort      BIGINT NOT NULL,
  id        TEXT NOT NULL,
  part      TEXT NOT NULL,
  PRIMARY KEY (namespace, term, sort, id, part)
) WITHOUT ROWID;

-- Who may reach a live document; the namespace is that of its class.
CREATE TABLE access (
  namespace BIGINT NOT NULL,
  holder    TEXT NOT NULL,
  id        TEXT NOT NULL,
  PRIMARY KEY (namespace, holder, id)
) WITHOUT ROWID;

-- Which live contacts hold which versions of a service; the namespace is that of the contacts' class.
CREATE TABLE service_version (
  namespace        BIGINT NOT NULL,
  service_id       TEXT NOT NULL,
  contact_id       TEXT NOT NULL,
  version          BIGINT NOT NULL,
  contact_modified BIGINT NOT NULL,
  PRIMARY KEY (namespace, service_id, contact_id)
) WITHOUT ROWID;

-- Values that only one live document of a group and class may have.
CREATE TABLE unique_value (
  group_id TEXT NOT NULL,
  class    TEXT NOT NULL,
  value    TEXT NOT NULL,
  id       TEXT NOT NULL,
  PRIMARY KEY (group_id, class, value)
) WITHOUT ROWID;

CREATE TABLE attachment (
  group_id    TEXT NOT NULL,
  document_id TEXT NOT NULL,
  key         TEXT NOT NULL,
  id          TEXT NOT NULL,
  content     BLOB NOT NULL
);
CREATE UNIQUE INDEX attachment_key ON attachment (group_id, document_id, key);

-- Login names, over all groups: whoever logs in does not name a group.
CREATE TABLE login (
  name     TEXT NOT NULL,
  group_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  PRIMARY KEY (name, group_id)
) WITHOUT ROWID;
CREATE INDEX login_of ON login (group_id, user_id);

CREATE TABLE secret (
  group_id TEXT NOT NULL,
  user_id  TEXT NOT NULL,
  kind     INTEGER NOT NULL,
  name     TEXT NOT NULL,
  digest   BLOB NOT NULL,
  created  BIGINT NOT NULL,
  expires  BIGINT,
  PRIMARY KEY (group_id, user_id, kind, name)
) WITHOUT ROWID;
CREATE INDEX secret_expiry ON secret (expires) WHERE expires IS NOT NULL;

CREATE TABLE session (
  id      TEXT NOT NULL PRIMARY KEY,
  class   INTEGER NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_expiry ON session (expires);

CREATE TABLE session_account (
  session_id TEXT NOT NULL,
  group_id   TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  PRIMARY KEY (session_id, group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX session_account_of ON session_account (group_id, user_id);

CREATE TABLE process (
  spec     TEXT NOT NULL,
  id       TEXT NOT NULL,
  settings TEXT NOT NULL,
  PRIMARY KEY (spec, id)
) WITHOUT ROWID;

CREATE TABLE code_request (
  id         TEXT NOT NULL PRIMARY KEY,
  spec       TEXT NOT NULL,
  process    TEXT NOT NULL,
  address    BLOB NOT NULL,
  code       BLOB NOT NULL,
  payload    BLOB NOT NULL,
  tries_left INTEGER NOT NULL,
  expires    BIGINT NOT NULL,
  used       BOOLEAN NOT NULL
) WITHOUT ROWID;
CREATE INDEX code_request_address ON code_request (address, expires);
CREATE INDEX code_request_expiry ON code_request (expires);

CREATE TABLE used_challenge (
  id      TEXT NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_challenge_expiry ON used_challenge (expires);

-- Limits: the theoretical arrival time of the next event under a key.
CREATE TABLE arrival (
  key TEXT NOT NULL PRIMARY KEY,
  at  BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE job (
  id       TEXT NOT NULL PRIMARY KEY,
  kind     TEXT NOT NULL,
  payload  BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  run_at   BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX job_due ON job (run_at);

CREATE TABLE outbox (
  seq       INTEGER PRIMARY KEY,
  recipient TEXT NOT NULL,
  channel   TEXT NOT NULL,
  subject   TEXT NOT NULL,
  body      TEXT NOT NULL,
  code      TEXT,
  at        BIGINT NOT NULL
);
CREATE INDEX outbox_recipient ON outbox (recipient, seq);
