-- Times are milliseconds since 1970 (UTC). JSON columns hold serialised domain values. Nothing here is ever edited
-- after a release: a new migration is appended.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE patient (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  birth_name TEXT NOT NULL,
  first_name TEXT NOT NULL,
  given_names TEXT,
  sex TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  birth_place TEXT,
  used_name TEXT,
  used_first_name TEXT,
  phone TEXT,
  social_security TEXT,            -- for billing only; never the INS
  degraded TEXT,                   -- why it was created or corrected by the degraded procedure
  state TEXT NOT NULL,             -- JSON of IdentityState
  status TEXT NOT NULL,            -- computed from state, kept for lists
  matricule TEXT,
  oid TEXT,
  recovered_at INTEGER,
  verified_at INTEGER,
  proof TEXT,                      -- JSON of Proof
  informed INTEGER NOT NULL DEFAULT 0,
  opposed INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL,
  request_id TEXT UNIQUE,
  merged_into INTEGER              -- the record that took this one in, when two were the same person
);
CREATE UNIQUE INDEX patient_matricule ON patient (matricule, oid) WHERE matricule IS NOT NULL;
-- With the names: everybody born on a day is looked at without touching their rows.
CREATE INDEX patient_birth ON patient (birth_date, birth_name, first_name, given_names, used_name, used_first_name);
CREATE INDEX patient_touched ON patient (touched_at);
CREATE INDEX patient_verify ON patient (coalesce(verified_at, recovered_at)) WHERE matricule IS NOT NULL;

-- The search (store/search/lists.rs): for each word of names, beginning of 1 to 3 letters, or year of birth, the numbers
-- of its patients in pieces; then the words that are near each other by a common cut.
CREATE TABLE patient_list (
  word TEXT NOT NULL,
  kind INTEGER NOT NULL,
  first INTEGER NOT NULL,
  ids BLOB NOT NULL,
  PRIMARY KEY (word, kind, first)
) WITHOUT ROWID;
CREATE TABLE near_word (cut TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (cut, word)) WITHOUT ROWID;

CREATE TABLE patient_history (
  id INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  what TEXT NOT NULL,
  status_from TEXT,
  status_to TEXT,
  detail TEXT
);
CREATE INDEX patient_history_patient ON patient_history (patient, id);

CREATE TABLE former_matricule (
  patient INTEGER NOT NULL,
  number TEXT NOT NULL,
  key TEXT,
  oid TEXT NOT NULL,
  valid_from TEXT,
  valid_to TEXT,
  why TEXT NOT NULL,
  PRIMARY KEY (patient, number, oid)
) WITHOUT ROWID;
CREATE INDEX former_matricule_number ON former_matricule (number);

-- Mergers, with what moved, so that they can be undone.
CREATE TABLE merger (
  id INTEGER PRIMARY KEY,
  survivor INTEGER NOT NULL,
  absorbed INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  motive TEXT NOT NULL,
  dossiers TEXT NOT NULL,          -- JSON array of ids
  undone_at INTEGER,
  undone_by TEXT
);
CREATE INDEX merger_absorbed ON merger (absorbed) WHERE undone_at IS NULL;
CREATE INDEX merger_survivor ON merger (survivor);

-- Codes of places that INSi returned and the reference does not know.
CREATE TABLE unknown_place (
  code TEXT NOT NULL,
  patient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (code, patient)
) WITHOUT ROWID;

-- Corrections of identities to tell to those who received them, one line per receiver.
CREATE TABLE propagation (
  id INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  why TEXT NOT NULL,
  receiver TEXT NOT NULL,          -- dmp, patient_mailbox, professional, partner
  recipient TEXT NOT NULL,
  correspondent INTEGER,
  dossiers TEXT NOT NULL,          -- JSON array of ids
  ins TEXT,                        -- matricule@oid under which the documents left
  state TEXT NOT NULL,
  decided_by TEXT,
  decided_at INTEGER,
  note TEXT
);
CREATE INDEX propagation_patient ON propagation (patient, id);
CREATE INDEX propagation_open ON propagation (id) WHERE state IN ('to_confirm', 'to_do');

-- Where INSi stands for each patient; the call itself is an order of the outbox.
CREATE TABLE insi (
  patient INTEGER PRIMARY KEY,
  state TEXT NOT NULL,             -- JSON of InsiState
  open INTEGER NOT NULL,           -- 1 when a person has something to decide
  asked_by TEXT NOT NULL,
  since INTEGER NOT NULL
);
CREATE INDEX insi_open ON insi (since) WHERE open = 1;

CREATE TABLE insi_return (
  id INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  how TEXT NOT NULL,
  mode TEXT NOT NULL,              -- traits, vitale, apcv, verification
  insi TEXT NOT NULL,              -- JSON of Insi
  decision TEXT                    -- NULL while it waits, then accepted, refused, superseded
);
CREATE INDEX insi_return_patient ON insi_return (patient, id);
CREATE INDEX insi_return_open ON insi_return (patient) WHERE decision IS NULL;

CREATE TABLE insi_trace (
  id INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  mode TEXT NOT NULL,
  request TEXT NOT NULL,
  code TEXT NOT NULL,
  response TEXT NOT NULL,
  message_id TEXT NOT NULL,
  took_ms INTEGER NOT NULL,
  auth TEXT NOT NULL,              -- INSI-MANU, INSI-AUTO, CPx
  site TEXT NOT NULL
);
CREATE INDEX insi_trace_patient ON insi_trace (patient, id);
CREATE INDEX insi_trace_month ON insi_trace (at, site, mode, code, took_ms);

CREATE TABLE correspondent (
  id INTEGER PRIMARY KEY,
  facts TEXT NOT NULL,             -- JSON of CorrespondentParams
  folded TEXT NOT NULL
);
CREATE INDEX correspondent_folded ON correspondent (folded);

CREATE TABLE dossier (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  sampled_at INTEGER NOT NULL,
  prescribed_on TEXT NOT NULL,
  urgent INTEGER NOT NULL,
  requested_by INTEGER,            -- correspondent: the laboratory that subcontracts this dossier to us
  requested_number TEXT,           -- its own number; both or none
  state TEXT NOT NULL,
  worst TEXT,
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  request_id TEXT UNIQUE
);
CREATE INDEX dossier_patient ON dossier (patient, id);
CREATE INDEX dossier_state ON dossier (state, urgent, id);

CREATE TABLE dossier_correspondent (
  dossier INTEGER NOT NULL,
  correspondent INTEGER NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (dossier, correspondent)
) WITHOUT ROWID;
CREATE INDEX dossier_correspondent_who ON dossier_correspondent (correspondent);

-- Calls to prescribers about critical results.
CREATE TABLE dossier_call (
  id INTEGER PRIMARY KEY,
  dossier INTEGER NOT NULL,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX dossier_call_dossier ON dossier_call (dossier);

CREATE TABLE specimen (
  id TEXT PRIMARY KEY,
  dossier INTEGER NOT NULL,
  kind TEXT NOT NULL               -- JSON of catalogue::Specimen
) WITHOUT ROWID;
CREATE INDEX specimen_dossier ON specimen (dossier);

CREATE TABLE result (
  id INTEGER PRIMARY KEY,
  dossier INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  analysis TEXT NOT NULL,
  sampled_at INTEGER NOT NULL,
  value TEXT,                      -- JSON of ResultValue
  flag TEXT,
  unit TEXT,
  state TEXT NOT NULL,
  origin TEXT,
  obtained_at INTEGER,
  comment TEXT,
  remarks TEXT,                    -- JSON array of sentences
  technical_by TEXT,
  technical_at INTEGER,
  validated_by TEXT,
  validated_at INTEGER,
  UNIQUE (dossier, analysis)
);
CREATE INDEX result_past ON result (patient, analysis, sampled_at) WHERE state = 'validated';

CREATE TABLE blob (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  dossier INTEGER NOT NULL,
  patient INTEGER NOT NULL,
  unique_id TEXT NOT NULL UNIQUE,
  set_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  replaces INTEGER,
  built_at INTEGER NOT NULL,
  is_final INTEGER NOT NULL,
  held_by TEXT,
  invisible INTEGER NOT NULL DEFAULT 0,
  with_ins INTEGER NOT NULL,
  cda TEXT NOT NULL,               -- sha256 in blob
  pdf TEXT NOT NULL,
  report TEXT NOT NULL,            -- sha256 in blob: JSON of Report, from which everything is rebuilt
  file_name TEXT NOT NULL
);
CREATE INDEX document_dossier ON document (dossier, id);
CREATE INDEX document_patient ON document (patient, id);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  patient INTEGER,
  dossier INTEGER,
  document INTEGER,
  correspondent INTEGER,
  recipient TEXT NOT NULL,
  identifier TEXT,                 -- uniqueId or Message-ID, fixed at creation
  payload TEXT NOT NULL,           -- JSON: further identifiers fixed at creation
  asked_by TEXT NOT NULL,
  urgent INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,                     -- JSON of Reason
  cause TEXT,                      -- key of the group shown and replayed together
  created_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  lease_until INTEGER,
  in_doubt INTEGER NOT NULL DEFAULT 0, -- 1 once bytes that the receiver may act upon can have left
  attempts INTEGER NOT NULL DEFAULT 0,
  receipt TEXT
);
CREATE INDEX outbox_due ON outbox (service, state, urgent DESC, due_at, id) WHERE state = 'scheduled';
CREATE INDEX outbox_open ON outbox (state, cause, service) WHERE state NOT IN ('delivered', 'cancelled');
CREATE INDEX outbox_lease ON outbox (lease_until) WHERE state = 'leased';
CREATE INDEX outbox_document ON outbox (document);
CREATE INDEX outbox_dossier ON outbox (dossier, state);
CREATE INDEX outbox_patient ON outbox (patient, state);
CREATE INDEX outbox_correspondent ON outbox (correspondent) WHERE correspondent IS NOT NULL;
CREATE INDEX outbox_delivered ON outbox (since) WHERE state = 'delivered';
CREATE UNIQUE INDEX outbox_once ON outbox (document, service, recipient) WHERE document IS NOT NULL AND state <> 'cancelled';
CREATE UNIQUE INDEX outbox_insi ON outbox (patient) WHERE service = 'insi' AND state IN ('held', 'scheduled', 'leased', 'unknown');

CREATE TABLE attempt (
  outbox INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT NOT NULL,
  words TEXT,
  PRIMARY KEY (outbox, number)
) WITHOUT ROWID;

CREATE TABLE service (
  code TEXT PRIMARY KEY,
  paused_by TEXT,
  paused_at INTEGER,
  suspended TEXT,
  suspended_at INTEGER
) WITHOUT ROWID;

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  peer TEXT NOT NULL,
  sender TEXT NOT NULL,
  control_id TEXT,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  why TEXT,
  sha256 TEXT NOT NULL,
  raw BLOB NOT NULL,
  dossiers TEXT NOT NULL,          -- JSON array of ids
  remarks TEXT NOT NULL,           -- JSON array of sentences
  ack TEXT NOT NULL,               -- code that was answered, so that a repetition gets the same
  door TEXT NOT NULL DEFAULT 'results', -- or 'identity': which service reads it
  patient INTEGER                  -- record that a message of identity was filed under
);
CREATE INDEX inbox_open ON inbox (id) WHERE state IN ('unmatched', 'unreadable', 'verifying');
CREATE INDEX inbox_repeat ON inbox (sender, control_id);

-- INS that other parties sent, set aside until INSi has said what they are.
CREATE TABLE received_ins (
  id INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  patient INTEGER NOT NULL,        -- the record concerned
  at INTEGER NOT NULL,
  sender TEXT NOT NULL,            -- partner, or sender as the message names it
  purpose TEXT NOT NULL,           -- identity, results
  state TEXT NOT NULL,             -- verifying, confirmed, compare, refused, known
  created INTEGER NOT NULL,        -- 1 when the record was created by this message
  said TEXT NOT NULL               -- JSON of ReceivedIns
);
CREATE INDEX received_ins_message ON received_ins (message);
CREATE INDEX received_ins_patient ON received_ins (patient, id);

-- Documents of other laboratories: read, attached, then part of the report of their dossier.
CREATE TABLE received (
  id INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  unique_id TEXT NOT NULL UNIQUE,
  set_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  dossier INTEGER,
  state TEXT NOT NULL,
  why TEXT,
  sender TEXT NOT NULL,
  title TEXT NOT NULL,
  part TEXT,                       -- JSON of Part: what enters the report
  taken_at INTEGER,
  cda TEXT NOT NULL                -- sha256 in blob
);
CREATE INDEX received_dossier ON received (dossier, id) WHERE dossier IS NOT NULL;
CREATE INDEX received_open ON received (id) WHERE state IN ('unmatched', 'matched');
CREATE INDEX received_set ON received (set_id, version);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  seal TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, seq);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
