/** "SCOP": told by `file` and by `pragma application_id`, so that another program's database is not taken for ours. */
export const APPLICATION_ID = 0x53434f50;

/** Raised with every change of `SCHEMA` or of what a snapshot holds; a file of another one is refused. */
export const SCHEMA_VERSION = 5;

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

create table snapshot (
  id integer primary key check (id = 1),
  bytes blob not null,
  crc integer not null
) strict;

create table journal (
  id integer primary key,
  bytes blob not null,
  crc integer not null
) strict;

create table finding (
  id text primary key,
  body text not null
) strict;

create table outbox (
  id integer primary key,
  alert text not null,
  target text not null,
  finding text not null,
  body text not null,
  state text not null check (state in ('pending', 'sent', 'dead')),
  attempts integer not null,
  next integer not null,
  because text,
  unique (alert, target)
) strict;
create index outbox_order on outbox (target, finding, state, id);
create index outbox_due on outbox (state, next, id);

pragma application_id = ${APPLICATION_ID};
pragma user_version = ${SCHEMA_VERSION};
`;
