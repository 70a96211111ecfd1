-- A state file as version 4 of the schema wrote it, with a row in each table.
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

pragma application_id = 1396920144;
pragma user_version = 4;

insert into position values ('hub', '0', '7/1/x');
insert into ledger values ('hub', '0', 3, 3, 0, 0, 0, 30);
insert into outbox values (1, 'a-1', 'teams', 'F-1', 'body', 'pending', 2, 5, '503');
insert into outbox values (2, 'a-2', 'teams', 'F-2', 'body', 'sent', 1, 0, null);
insert into outbox values (3, 'a-3', 'slack', 'F-1', 'body', 'pending', 0, 0, null);
