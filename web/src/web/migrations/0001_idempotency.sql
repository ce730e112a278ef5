-- migrate:up

create schema if not exists web;

-- What was answered to whom under which key. The row is written in the transaction that does the work, so
-- it stands if and only if the work does. `status` is null only inside that transaction.
create table web.idempotency (
  actor text not null,
  operation text not null,
  key text not null,
  request bytea not null check (length(request) = 32),
  status smallint,
  headers jsonb,
  answer bytea,
  answered_at timestamptz not null default clock_timestamp(),
  primary key (actor, operation, key)
) with (fillfactor = 70);

-- Rows come in the order of their time, so a block range index finds the old ones and costs an insert nothing.
create index idempotency_by_age on web.idempotency using brin (answered_at);

-- migrate:down
drop schema web cascade;
