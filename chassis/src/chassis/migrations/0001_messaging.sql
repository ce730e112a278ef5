-- migrate:up

-- Rules read this clock, never the machine's. In production it is clock_timestamp(). An administrator of
-- the embedded stack or of a test can shift it (ieum.clock_offset, an interval) or stop it
-- (ieum.clock_at, a timestamp) with ALTER DATABASE … SET; both act at once in every open session, which a
-- plain current_setting() would not.
create function public.programme_clock() returns timestamptz
language sql volatile parallel safe
as $$
  select coalesce(
    max(substr(entry, length('ieum.clock_at=') + 1)) filter (where entry like 'ieum.clock_at=%')::timestamptz,
    clock_timestamp() + coalesce(
      max(substr(entry, length('ieum.clock_offset=') + 1)) filter (where entry like 'ieum.clock_offset=%')::interval,
      interval '0'))
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.oid = s.setdatabase and d.datname = current_database()
  cross join unnest(s.setconfig) as entry
  where s.setrole = 0
$$;

create schema messaging;

-- Raised when this database is restored from a backup.
create table messaging.source (
  only_row boolean primary key default true check (only_row),
  generation integer not null default 1 check (generation > 0)
);
insert into messaging.source default values;

-- One dense counter a (topic, key): what the next event of that stream is numbered from.
create table messaging.stream (
  topic text not null,
  key text not null,
  sequence bigint not null check (sequence > 0),
  primary key (topic, key)
);

create table messaging.outbox (
  bucket smallint not null check (bucket between 0 and 63),
  seq bigint generated always as identity,
  topic text not null,
  key text not null,
  event uuid not null,
  headers json not null,
  value bytea not null,
  written_at timestamptz not null default clock_timestamp(),
  primary key (bucket, seq)
) with (
  fillfactor = 100,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 50000
);

-- How far each stream was read: order is (generation, sequence).
create table messaging.mark (
  topic text not null,
  key text not null,
  generation integer not null default 0,
  sequence bigint not null default 0,
  parked boolean not null default false,
  primary key (topic, key)
) with (fillfactor = 80);

-- What became of each event, once: the primary key is what keeps an effect from happening twice.
create table messaging.inbox (
  event uuid primary key,
  topic text not null,
  type text not null,
  outcome text not null check (outcome in ('applied', 'ignored', 'discarded')),
  at timestamptz not null default clock_timestamp()
);
-- Rows come in the order of their time, so a block range index finds the old ones and costs an insert nothing.
create index inbox_by_age on messaging.inbox using brin (at);

-- The next offset of each partition. Kafka's own committed offset is only for show.
create table messaging.position (
  topic text not null,
  partition integer not null,
  next_offset bigint not null check (next_offset >= 0),
  -- Some records below were gone before this database could read them: their topic forgets.
  expired_below bigint not null default 0 check (expired_below between 0 and next_offset),
  primary key (topic, partition)
) with (fillfactor = 50);

create table messaging.parked (
  id bigint generated always as identity primary key,
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  lane text,
  raw_key bytea,
  value bytea,
  headers json not null,
  type text,
  event uuid,
  generation integer,
  sequence bigint,
  reason text not null,
  detail text,
  parked_at timestamptz not null default clock_timestamp(),
  -- A record that no mark knows is kept when it is given up: its topic may be read anew.
  discarded_at timestamptz,
  unique (topic, partition, "offset")
);
create index parked_by_lane on messaging.parked (topic, lane, id);

create table messaging.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  programme_at timestamptz not null default public.programme_clock(),
  actor text not null,
  action text not null,
  subject text not null,
  reason text,
  detail jsonb not null default '{}'
);
create index audit_by_subject on messaging.audit (subject, id);

-- Append-only, also for the service itself: the run-time role is named after its database's service and
-- gets its rights by default privileges, so they are taken back from whoever has them but the owner.
create function messaging.append_only(kept text) returns void language plpgsql as $$
declare grantee text;
begin
  for grantee in
    select distinct g.grantee from information_schema.role_table_grants g
    where g.table_schema = 'messaging' and g.table_name = kept and g.grantee <> current_user
  loop
    execute format('revoke update, delete, truncate on messaging.%I from %I', kept, grantee);
  end loop;
end
$$;
select messaging.append_only('audit');

-- migrate:down
drop schema messaging cascade;
drop function public.programme_clock();
