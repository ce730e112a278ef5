-- migrate:up

-- What a school says against its preliminary result, or against being left out of it, and what came of it.
create table appeal (
  id text primary key,
  year integer not null references programme_year,
  school text not null,
  -- an application's result is appealed against once
  application text not null unique references application,
  run text not null references run,
  against text not null check (against in ('result', 'eligibility')),
  grounds text[] not null check (cardinality(grounds) > 0),
  statement text not null,
  state text not null check (state in ('received', 'reviewing', 'upheld', 'rejected')),
  filed_by text not null,
  filed_at timestamptz not null,
  reasons text[] not null default '{}',
  answer text,
  decided_by text,
  decided_at timestamptz,
  constraint decision_is_whole check (
    (state in ('upheld', 'rejected')) = (decided_at is not null)
    and num_nulls(answer, decided_by, decided_at) in (0, 3)
  )
);
create index appeal_by_year on appeal (year, state);

-- Totals as they were before an upheld appeal had everything scored again.
create table replaced_total (
  application text not null references application,
  version integer not null check (version > 0),
  total numeric not null,
  parts jsonb not null,
  barred text[] not null,
  appeal text not null references appeal,
  replaced_at timestamptz not null,
  primary key (application, version)
);

-- What selection would come to if something were otherwise; never published, never approved. `appeal` is the
-- upheld one that changed scores, else null. Documents are the exact canonical bytes that were hashed.
create table what_if (
  id text primary key,
  year integer not null references programme_year,
  appeal text unique references appeal,
  changes jsonb not null,
  base_snapshot bytea not null,
  base_snapshot_sha256 text not null check (base_snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  base_result bytea not null,
  base_result_sha256 text not null check (base_result_sha256 ~ '^[0-9a-f]{64}$'),
  snapshot bytea not null,
  snapshot_sha256 text not null check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  result bytea not null,
  result_sha256 text not null check (result_sha256 ~ '^[0-9a-f]{64}$'),
  rule text not null,
  code text not null,
  made_by text not null,
  made_at timestamptz not null
);
create index what_if_by_year on what_if (year, made_at);

-- migrate:down
drop table what_if, replaced_total, appeal;
