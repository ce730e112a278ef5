-- migrate:up

-- The audit rows in the order in which they were sealed, each with a hash over itself and all before it.
-- Written after the rows' own transactions, by a worker: a chain is a lock on everybody.
-- No foreign key: that a row went missing is for verification to find, whoever removed it and how.
create table messaging.audit_seal (
  position bigint primary key check (position > 0),
  audit bigint not null unique,
  row_sha256 text not null check (row_sha256 ~ '^[0-9a-f]{64}$'),
  head text not null check (head ~ '^[0-9a-f]{64}$'),
  sealed_at timestamptz not null default clock_timestamp()
);

-- Heads that were told: this service's own, and those of others, which cannot take them back.
create table messaging.audit_head (
  service text not null,
  position bigint not null check (position > 0),
  head text not null check (head ~ '^[0-9a-f]{64}$'),
  told_at timestamptz not null,
  kept_at timestamptz not null default clock_timestamp(),
  primary key (service, told_at, position, head)
);

-- Append-only, as the log itself.
select messaging.append_only('audit_seal'), messaging.append_only('audit_head');

-- migrate:down
drop table messaging.audit_seal, messaging.audit_head;
