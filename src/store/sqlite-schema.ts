/** "SCOP": told by `file` and by `pragma application_id`, so that another program's database is not taken for ours. */
export const APPLICATION_ID = 0x53434f50;

/** Raised with every change of `SCHEMA`, and where an older version would take what is held for its own; each raise has its step in `MIGRATIONS`. */
export const SCHEMA_VERSION = 8;

/** Raised with every change of what a snapshot or a journal holds. */
export const ANALYSIS_VERSION = 25;

/** Raised with every change of what `carryOver` takes from a snapshot, which is all but detection and findings: a state of another one cannot be gone on from. */
export const CARRIED_VERSION = 2;

const KEPT = `
create table kept (
  source text not null,
  key text not null,
  bytes blob not null,
  crc integer not null,
  primary key (source, key)
) strict, without rowid;
`;

const REJECTS = `
create table reject (
  id integer primary key,
  source text not null,
  partition text not null,
  sequence integer not null,
  place integer not null,
  stage text not null,
  reason text not null,
  detail text not null,
  sample text not null,
  raw blob,
  unique (source, partition, sequence, place, stage, reason)
) strict;
create table reject_count (
  source text not null,
  partition text not null,
  stage text not null,
  reason text not null,
  count integer not null,
  primary key (source, partition, stage, reason)
) strict, without rowid;
`;

const OUTBOX = `
create table outbox (
  id integer primary key,
  alert text not null,
  target text not null,
  finding text not null,
  body text not null,
  state text not null check (state in ('pending', 'leased', 'sent', 'folded', 'dead')),
  attempts integer not null,
  next integer not null,
  because text,
  unique (alert, target)
) strict;
create index outbox_order on outbox (target, finding, state, id);
create index outbox_due on outbox (state, next, id);
`;

/** Of what is told to people: SQLite takes a text with another letter in it for sound. */
const CHECKSUMS = `
alter table finding add column crc integer not null default 0;
alter table outbox add column crc integer not null default 0;
`;

/** Parts of snapshots, in order: of the one in use, of the one that is staged, of the one before. */
const SNAPSHOT = `
create table snapshot (
  id integer primary key,
  generation integer not null,
  bytes blob not null,
  crc integer not null
) strict;
insert into meta values ('snapshot', '0'), ('staged_after', '0');
`;

export const SCHEMA = `
create table meta (
  key text primary key,
  value text not null
) strict, without rowid;

create table position (
  source text not null,
  partition text not null,
  checkpoint text not null,
  primary key (source, partition)
) strict, without rowid;

create table ledger (
  source text not null,
  partition text not null,
  records integer not null,
  accepted integer not null,
  duplicate integer not null,
  filtered integer not null,
  rejected integer not null,
  bytes integer not null,
  primary key (source, partition),
  check (records = accepted + duplicate + filtered + rejected)
) strict, without rowid;

create table journal (
  id integer primary key,
  bytes blob not null,
  crc integer not null
) strict;

create table finding (
  id text primary key,
  body text not null
) strict;

${SNAPSHOT}${KEPT}${REJECTS}${OUTBOX}${CHECKSUMS}
pragma application_id = ${APPLICATION_ID};
pragma user_version = ${SCHEMA_VERSION};
`;

/** Version → what makes a file of it one of the next version, in one transaction. A version without a step is refused. */
export const MIGRATIONS: ReadonlyMap<number, string> = new Map([
  [
    4,
    `${KEPT}${REJECTS}
drop index outbox_order;
drop index outbox_due;
alter table outbox rename to outbox_4;
${OUTBOX}
insert into outbox (id, alert, target, finding, body, state, attempts, next, because)
  select id, alert, target, finding, body, state, attempts, next, because from outbox_4;
drop table outbox_4;
pragma user_version = 5;`,
  ],
  [
    5,
    `alter table snapshot rename to snapshot_5;
${SNAPSHOT}
insert into snapshot (id, generation, bytes, crc) select id, 0, bytes, crc from snapshot_5;
drop table snapshot_5;
pragma user_version = 6;`,
  ],
  [
    6,
    `${CHECKSUMS}
update finding set crc = text_crc(id, body);
update outbox set crc = text_crc(alert, target, finding, body);
pragma user_version = 7;`,
  ],
  // Snapshots leave out what is found again: an older version would carry them over as they are.
  [7, "pragma user_version = 8;"],
]);
