-- The group comes first in every key of what belongs to a group: it is the sharding key for whoever outgrows one
-- machine. Texts compare by their octets (collation "C"), as they do in the embedded engine. Keys are escaped and
-- bounded (src/postgres/text.rs), bodies are stored as they are.

-- Documents of every class. `facts` is everything that is derived from the body (src/facts.rs). Of what a search asks
-- for, `keys` are digests (src/postgres/held.rs): of its postings, each with its sort value and part at the same place,
-- and then of who may reach it. They are empty where it is deleted. A missing sort value is stored as the largest
-- integer.
CREATE TABLE document (
  group_id   text COLLATE "C" NOT NULL,
  class      text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  rev        text NOT NULL,
  deleted    boolean NOT NULL,
  created_by text,
  facts      bytea NOT NULL,
  keys       bytea[] NOT NULL DEFAULT '{}',
  sorts      bigint[] NOT NULL DEFAULT '{}',
  parts      text[] NOT NULL DEFAULT '{}',
  body       text NOT NULL,
  PRIMARY KEY (group_id, class, id)
)
-- a record of some kilobytes stays in its row: sealed texts do not compress, and elsewhere it would be two rows more
WITH (toast_tuple_target = 8160);
-- new entries are gathered, and sorted in together. Every search reads what was not sorted in yet, so it is kept short
CREATE INDEX document_keys ON document USING gin (keys) WITH (gin_pending_list_limit = 1024);

-- What is looked up in order: by how a term starts, between two terms, or all documents by their sort values.
CREATE TABLE posting (
  group_id   text COLLATE "C" NOT NULL,
  index_name text COLLATE "C" NOT NULL,
  term       text COLLATE "C" NOT NULL,
  sort       bigint NOT NULL,
  id         text COLLATE "C" NOT NULL,
  part       text COLLATE "C" NOT NULL,
  PRIMARY KEY (group_id, index_name, term, sort, id, part)
);

-- Which live contacts hold which versions of a service.
CREATE TABLE service_version (
  group_id         text COLLATE "C" NOT NULL,
  service_id       text COLLATE "C" NOT NULL,
  contact_id       text COLLATE "C" NOT NULL,
  version          bigint NOT NULL,
  contact_modified bigint NOT NULL,
  PRIMARY KEY (group_id, service_id, contact_id)
);

-- Values that only one live document of a group and class may have.
CREATE TABLE unique_value (
  group_id text COLLATE "C" NOT NULL,
  class    text COLLATE "C" NOT NULL,
  value    text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  PRIMARY KEY (group_id, class, value)
);

CREATE TABLE attachment (
  group_id    text COLLATE "C" NOT NULL,
  document_id text COLLATE "C" NOT NULL,
  key         text COLLATE "C" NOT NULL,
  id          text NOT NULL,
  content     bytea NOT NULL,
  PRIMARY KEY (group_id, document_id, key)
);
-- sealed octets do not compress
ALTER TABLE attachment ALTER COLUMN content SET STORAGE EXTERNAL;

-- Login names, over all groups: whoever logs in does not name a group.
CREATE TABLE login (
  name     text COLLATE "C" NOT NULL,
  group_id text COLLATE "C" NOT NULL,
  user_id  text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, group_id)
);
CREATE INDEX login_of ON login (group_id, user_id);

CREATE TABLE secret (
  group_id text COLLATE "C" NOT NULL,
  user_id  text COLLATE "C" NOT NULL,
  kind     bigint NOT NULL,
  name     text COLLATE "C" NOT NULL,
  digest   bytea NOT NULL,
  created  bigint NOT NULL,
  expires  bigint,
  PRIMARY KEY (group_id, user_id, kind, name)
);
CREATE INDEX secret_expiry ON secret (expires) WHERE expires IS NOT NULL;

CREATE TABLE session (
  id      text COLLATE "C" NOT NULL PRIMARY KEY,
  class   bigint NOT NULL,
  created bigint NOT NULL,
  expires bigint NOT NULL
);
CREATE INDEX session_expiry ON session (expires);

CREATE TABLE session_account (
  session_id text COLLATE "C" NOT NULL,
  group_id   text COLLATE "C" NOT NULL,
  user_id    text COLLATE "C" NOT NULL,
  PRIMARY KEY (session_id, group_id, user_id)
);
CREATE INDEX session_account_of ON session_account (group_id, user_id);

CREATE TABLE process (
  spec     text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  settings text NOT NULL,
  PRIMARY KEY (spec, id)
);

CREATE TABLE code_request (
  id         text COLLATE "C" NOT NULL PRIMARY KEY,
  spec       text NOT NULL,
  process    text NOT NULL,
  address    bytea NOT NULL,
  code       bytea NOT NULL,
  payload    bytea NOT NULL,
  tries_left bigint NOT NULL,
  expires    bigint NOT NULL,
  used       boolean NOT NULL
);
CREATE INDEX code_request_address ON code_request (address, expires);
CREATE INDEX code_request_expiry ON code_request (expires);

CREATE TABLE used_challenge (
  id      text COLLATE "C" NOT NULL PRIMARY KEY,
  expires bigint NOT NULL
);
CREATE INDEX used_challenge_expiry ON used_challenge (expires);

-- Limits: the theoretical arrival time of the next event under a key.
CREATE TABLE arrival (
  key text COLLATE "C" NOT NULL PRIMARY KEY,
  at  bigint NOT NULL
);
CREATE INDEX arrival_at ON arrival (at);

CREATE TABLE job (
  id       text COLLATE "C" NOT NULL PRIMARY KEY,
  kind     text NOT NULL,
  payload  bytea NOT NULL,
  attempts bigint NOT NULL,
  run_at   bigint NOT NULL
);
CREATE INDEX job_due ON job (run_at, id);

CREATE TABLE outbox (
  seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  recipient text COLLATE "C" NOT NULL,
  channel   text NOT NULL,
  subject   text NOT NULL,
  body      text NOT NULL,
  code      text,
  at        bigint NOT NULL
);
CREATE INDEX outbox_recipient ON outbox (recipient, seq);

-- What was committed lately, for the web sockets of the other nodes. Rows live for some minutes.
CREATE TABLE change (
  group_id text COLLATE "C" NOT NULL,
  id       text COLLATE "C" NOT NULL,
  at       bigint NOT NULL,
  class    text NOT NULL,
  kind     bigint NOT NULL,
  document text NOT NULL,
  parts    text[] NOT NULL,
  -- of what is gone for good, which cannot be read any more
  last     text
);
CREATE INDEX change_at ON change (at);
-- it has no key, and may be published to a replica all the same
ALTER TABLE change REPLICA IDENTITY FULL;

-- What all nodes must agree on, noted by the first: the fingerprint of the server's secret.
CREATE TABLE agreed (
  name  text COLLATE "C" NOT NULL PRIMARY KEY,
  value bytea NOT NULL
);
