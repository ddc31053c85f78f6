"""Custody's own database: numbered migrations, each a script that is run once and never changed.

Times are microseconds since 1970, UTC. What is sealed here is sealed under keys that this database does not hold.
"""

MIGRATIONS: tuple[str, ...] = (
    """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

-- Organizations and keys. `secret` is the laboratory's secret, wrapped by its own root entry.
CREATE TABLE organization (org BLOB PRIMARY KEY, secret BLOB NOT NULL, letterbox BLOB) STRICT;
CREATE TABLE kek (org BLOB NOT NULL, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (org, epoch)) STRICT;

-- A patient, or an organization as the subject of its own acts. `card` (the log's name for it, and what search needs)
-- is sealed under the subject's key. `kept` counts the versions that are known to be kept.
CREATE TABLE subject (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, state TEXT NOT NULL,
  n INTEGER NOT NULL, epoch INTEGER NOT NULL, key BLOB NOT NULL, seals INTEGER NOT NULL,
  card BLOB NOT NULL, kept INTEGER NOT NULL
) STRICT;
CREATE INDEX subject_org ON subject (org);

-- The latest kept version of each resource: the fold of all that acts wrote.
CREATE TABLE resource (
  id BLOB PRIMARY KEY, subject BLOB NOT NULL, work BLOB NOT NULL, kind INTEGER NOT NULL, version INTEGER NOT NULL,
  state TEXT NOT NULL, harm INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_subject ON resource (subject);
CREATE TABLE superseded (id BLOB NOT NULL, version INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID;
-- Versions that were prepared and whose act has not ended: nobody opens them, and nobody else writes their resource.
CREATE TABLE pending (
  id BLOB PRIMARY KEY, version INTEGER NOT NULL, subject BLOB NOT NULL, act BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_subject ON pending (subject);
CREATE INDEX pending_act ON pending (act);

-- A requisition as a fact: whose it is, where, whether it is open, and what outside web confirmed it.
CREATE TABLE work (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, subject BLOB NOT NULL, site TEXT NOT NULL, opened_by BLOB NOT NULL,
  opened INTEGER NOT NULL, confirmed INTEGER, closed INTEGER, lapsed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX work_subject ON work (subject, closed);
CREATE INDEX work_unconfirmed ON work (org) WHERE confirmed IS NULL AND lapsed = 0;
CREATE INDEX work_lapsing ON work (opened) WHERE confirmed IS NULL AND lapsed = 0;

-- Acts, by the id that the caller chose. `writes` is the sealed list of (id, version, hash, ...) that it prepared.
CREATE TABLE act (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, name TEXT NOT NULL, actor BLOB NOT NULL, session BLOB NOT NULL,
  subject BLOB NOT NULL, work BLOB NOT NULL, letter INTEGER NOT NULL, mandate BLOB NOT NULL, digest BLOB NOT NULL,
  state TEXT NOT NULL, entered INTEGER NOT NULL, prepared INTEGER, writes BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX act_unsettled ON act (prepared) WHERE state = 'prepared';

-- People, what proves who they are, what they may do. `login` is a token; names and secrets are sealed.
CREATE TABLE person (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, login INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, sealed BLOB NOT NULL,
  created INTEGER NOT NULL, last_seen INTEGER, until INTEGER
) STRICT;
CREATE TABLE factor (
  id INTEGER PRIMARY KEY, person BLOB NOT NULL, kind TEXT NOT NULL, label INTEGER, sealed BLOB NOT NULL,
  counter INTEGER NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE INDEX factor_person ON factor (person, kind);
CREATE TABLE role (
  person BLOB NOT NULL, role TEXT NOT NULL, site TEXT NOT NULL, granted INTEGER NOT NULL, until INTEGER,
  PRIMARY KEY (person, role, site)
) STRICT;
CREATE TABLE attempt (login INTEGER PRIMARY KEY, failures INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
-- `org` of a service or listener is the only organization that it serves; four zero bytes serve the installation.
CREATE TABLE service (
  name TEXT PRIMARY KEY, id BLOB NOT NULL, public_key BLOB NOT NULL, purpose TEXT NOT NULL, until INTEGER NOT NULL,
  org BLOB NOT NULL DEFAULT x'00000000'
) STRICT;
CREATE TABLE listener (
  id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, public_key BLOB NOT NULL, next INTEGER NOT NULL,
  org BLOB NOT NULL DEFAULT x'00000000'
) STRICT;
CREATE TABLE letter (number INTEGER NOT NULL, listener BLOB NOT NULL, org BLOB NOT NULL,
  PRIMARY KEY (number, listener)) STRICT, WITHOUT ROWID;
CREATE TABLE device (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, name TEXT NOT NULL UNIQUE, site TEXT NOT NULL, until INTEGER
) STRICT;
CREATE TABLE session (
  ticket BLOB PRIMARY KEY, person BLOB NOT NULL, org BLOB NOT NULL, service TEXT NOT NULL, opened INTEGER NOT NULL,
  seen INTEGER NOT NULL, factor INTEGER NOT NULL, evidence TEXT NOT NULL, ended INTEGER
) STRICT;

-- Changes of who may do what, and mandates for bulk work: forms are sealed under the organization.
CREATE TABLE change (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL,
  proposed_by BLOB NOT NULL, proposed INTEGER NOT NULL, decided_by BLOB, decided INTEGER
) STRICT;
CREATE TABLE mandate (
  id BLOB PRIMARY KEY, org BLOB NOT NULL, purpose TEXT NOT NULL, service TEXT NOT NULL, allowed INTEGER NOT NULL,
  used INTEGER NOT NULL, until INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE mandated (
  mandate BLOB NOT NULL, subject BLOB NOT NULL, PRIMARY KEY (mandate, subject)
) STRICT, WITHOUT ROWID;

-- Budgets, and what was shown already in a session and day (no second leaf, no second count).
-- `level` is what was taken, in patients times microseconds of a day; it drains by `rate` patients a day. Times of
-- budgets, openings and work are trusted time (`custody.elapsed`).
CREATE TABLE elapsed (
  one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL, wall INTEGER NOT NULL, steady INTEGER NOT NULL,
  boot BLOB NOT NULL, unproven INTEGER NOT NULL
) STRICT;
CREATE TABLE bucket (key TEXT PRIMARY KEY, level INTEGER NOT NULL, rate INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE tally (org BLOB NOT NULL, what TEXT NOT NULL, day INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (org, what, day)) STRICT, WITHOUT ROWID;
CREATE TABLE shown (
  session BLOB NOT NULL, day INTEGER NOT NULL, subject BLOB NOT NULL, act TEXT NOT NULL, work BLOB NOT NULL,
  PRIMARY KEY (session, day, subject, act, work)
) STRICT, WITHOUT ROWID;
CREATE TABLE opening (
  id INTEGER PRIMARY KEY, org BLOB NOT NULL, person BLOB NOT NULL, subject BLOB NOT NULL, work BLOB NOT NULL,
  at INTEGER NOT NULL, how TEXT NOT NULL, act TEXT NOT NULL, settled INTEGER NOT NULL, search INTEGER NOT NULL
) STRICT;
CREATE INDEX opening_subject ON opening (subject, at);
CREATE INDEX opening_open ON opening (at) WHERE settled = 0;
CREATE INDEX opening_work ON opening (work) WHERE settled = 0 OR how = 'lapsed';
CREATE INDEX opening_beside ON opening (org) WHERE settled = 0 AND how = 'beside';
CREATE INDEX opening_search ON opening (person, search) WHERE search > 0;
CREATE TABLE asked (person BLOB NOT NULL, day INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (person, day, value)) STRICT, WITHOUT ROWID;
CREATE TABLE provisional (
  session BLOB NOT NULL, search INTEGER NOT NULL, subject BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (session, search, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE grace (person BLOB NOT NULL, subject BLOB NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (person, subject)) STRICT, WITHOUT ROWID;
CREATE TABLE notice (
  id INTEGER PRIMARY KEY, org BLOB NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, sealed BLOB NOT NULL,
  seen_by BLOB, seen INTEGER
) STRICT;

-- History. The tree's frontier and signed checkpoint stand beside the entries that they cover.
CREATE TABLE leaf (
  org BLOB NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE log (
  org BLOB PRIMARY KEY, size INTEGER NOT NULL, frontier BLOB NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
  at INTEGER NOT NULL, signing BLOB NOT NULL
) STRICT;
CREATE TABLE leaf_subject (subject BLOB NOT NULL, org BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (subject, seq)) STRICT, WITHOUT ROWID;
""",
    """
-- The typed reason of an act, sealed under its organization.
ALTER TABLE act ADD COLUMN reason BLOB;
""",
    """
-- The weeks of keys, in trusted time (custody.rotation): when each began, the row of `subject` up to which patients'
-- keys were moved into it and when that was last gone on with, and when the last of it was done.
CREATE TABLE epoch (
  number INTEGER PRIMARY KEY, began INTEGER NOT NULL, looked INTEGER NOT NULL, cursor INTEGER NOT NULL,
  finished INTEGER
) STRICT;
""",
    """
-- The log's second key, for the day when Ed25519 falls; the checkpoint that it signed last, and when.
ALTER TABLE log ADD COLUMN cosigning BLOB;
ALTER TABLE log ADD COLUMN cosigned TEXT NOT NULL DEFAULT '';
ALTER TABLE log ADD COLUMN cosigned_at INTEGER NOT NULL DEFAULT 0;
""",
    """
-- Which letter had a number: a letterbox that counts anew gives it to another one. `seal` is SHA-256 of its signature.
CREATE TABLE letter_number (
  listener BLOB NOT NULL, number INTEGER NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (listener, number)
) STRICT, WITHOUT ROWID;
""",
    """
-- The export key of each organization: it signs what leaves custody to be believed elsewhere.
CREATE TABLE export_key (org BLOB PRIMARY KEY, public BLOB NOT NULL, wrapped BLOB NOT NULL) STRICT;

-- A mandate that moves a laboratory, and how far it has come (custody.steps). `document` is the signed mandate, sealed
-- under the organization. `secrets` (the staging key, and what names rows) are sealed under a key that stands in
-- `subject` under the mandate's own id; both are gone when the migration is over. `signed` and `deadline` are trusted
-- time.
CREATE TABLE migration (
  mandate BLOB PRIMARY KEY, org BLOB NOT NULL, state TEXT NOT NULL, document BLOB NOT NULL, secrets BLOB,
  signed INTEGER NOT NULL, deadline INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE migration_step (
  mandate BLOB NOT NULL, n INTEGER NOT NULL, step TEXT NOT NULL, state TEXT NOT NULL, evidence BLOB NOT NULL,
  first BLOB NOT NULL, second BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (mandate, n)
) STRICT, WITHOUT ROWID;
-- What people decided about somebody who is brought in: the same as a patient who was known, or not.
CREATE TABLE matched (
  mandate BLOB NOT NULL, row BLOB NOT NULL, patient BLOB NOT NULL, same INTEGER NOT NULL, decided_by BLOB NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (mandate, row, patient)
) STRICT, WITHOUT ROWID;
-- Tokens of the unique identifiers of patients, as they were kept last: what matching looks up.
CREATE TABLE identifier (
  token INTEGER NOT NULL, org BLOB NOT NULL, field TEXT NOT NULL, resource BLOB NOT NULL, subject BLOB NOT NULL,
  PRIMARY KEY (token, org, field, resource)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifier_resource ON identifier (resource);
""",
    """
-- When a passkey signed last: its owner recognises by it the one that is lost.
ALTER TABLE factor ADD COLUMN used INTEGER;
""",
    """
-- The second signature has 3,300 letters: in the row that every commit writes it was two pages more of each.
CREATE TABLE cosigned (org BLOB PRIMARY KEY, note TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
INSERT INTO cosigned SELECT org, cosigned, cosigned_at FROM log WHERE cosigned != '';
ALTER TABLE log DROP COLUMN cosigned;
ALTER TABLE log DROP COLUMN cosigned_at;
""",
    """
-- Lost acts that two officers have acknowledged, by the change that says so.
CREATE TABLE acknowledged (act BLOB PRIMARY KEY, change BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX act_lost ON act (org, prepared) WHERE state = 'lost';
""",
    """
-- Patients whose key was destroyed: nothing of them opens here any more, and nothing is registered under their id.
-- `epoch` is the last under which the key was wrapped. A legal hold forbids it.
CREATE TABLE shredded (
  subject BLOB PRIMARY KEY, org BLOB NOT NULL, epoch INTEGER NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE legal_hold (
  subject BLOB PRIMARY KEY, org BLOB NOT NULL, reason TEXT NOT NULL, placed_by BLOB NOT NULL, placed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
""",
    """
-- What may leave: an export mandate (`sealed` is its form, under the organization), when the first patient was opened
-- under it, and the patients that it lists with when each was opened. The export key gets a second one beside it.
CREATE TABLE export (mandate BLOB PRIMARY KEY, org BLOB NOT NULL, sealed BLOB NOT NULL, begun INTEGER) STRICT;
CREATE TABLE exported (
  mandate BLOB NOT NULL, subject BLOB NOT NULL, opened INTEGER, PRIMARY KEY (mandate, subject)
) STRICT, WITHOUT ROWID;
ALTER TABLE export_key ADD COLUMN second BLOB;
""",
    """
-- People who are brought in and may be known here, while nobody has decided. `sealed` lies under the migration's own
-- key in `subject`, and both are gone when the migration is over.
CREATE TABLE doubt (
  mandate BLOB NOT NULL, row BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (mandate, row)
) STRICT, WITHOUT ROWID;
""",
    """
-- The dossiers of a migration that two people compare (custody.samples), in the order drawn; and what each person has
-- said about each: nothing if it agrees, else a coded reason.
CREATE TABLE sampled (
  mandate BLOB NOT NULL, n INTEGER NOT NULL, work BLOB NOT NULL, subject BLOB NOT NULL, drawn INTEGER NOT NULL,
  PRIMARY KEY (mandate, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX sampled_work ON sampled (work);
CREATE TABLE judged (
  mandate BLOB NOT NULL, work BLOB NOT NULL, person BLOB NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (mandate, work, person)
) STRICT, WITHOUT ROWID;
""",
    """
-- Rows of an old system that were found to be somebody who was known here: when that patient is erased they become
-- stones in `shredded`, so that no later load brings them in again. Gone when the migration is over.
CREATE TABLE merged (
  mandate BLOB NOT NULL, row BLOB NOT NULL, patient BLOB NOT NULL, PRIMARY KEY (mandate, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_patient ON merged (patient);
""",
    """
-- When the newest bundle was made that was opened under a mandate, and the newest that was there at the reconciliation.
ALTER TABLE migration ADD COLUMN newest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE migration ADD COLUMN reconciled INTEGER NOT NULL DEFAULT 0;
""",
    """
-- Which source a migration is of: a keyed digest of its name, by which a later mandate over the same source is
-- recognised; and when the first mandate over it was signed, whose week stands in the ids of its rows. Migrations of
-- before this are each of a source of its own: their rows are named under a secret of their own.
ALTER TABLE migration ADD COLUMN source BLOB NOT NULL DEFAULT x'';
ALTER TABLE migration ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
UPDATE migration SET source = mandate, named = signed;
CREATE INDEX migration_source ON migration (org, source);
""",
    """
-- Registrations that have begun and not ended, by patient: one person is registered by one of them.
CREATE INDEX act_registering ON act (subject) WHERE name = 'RegisterPatient' AND state IN ('entered', 'prepared');
""",
)
