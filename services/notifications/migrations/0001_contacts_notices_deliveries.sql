-- migrate:up

-- The only place on the platform that knows a person's name and address.
create table contact (
  party text primary key,
  name text not null,
  address text not null,
  language text not null check (language in ('ko', 'en')),
  written_at timestamptz not null
);

-- Groups that events let grow: all registered schools, the school behind an application.
create table member (
  audience text not null,
  party text not null,
  primary key (audience, party)
);

-- What one event says in one template: written once, in both languages, and never changed.
create table notice (
  event_id uuid not null,
  template text not null,
  event_type text not null,
  programme_year integer not null,
  occurred_at timestamptz not null,
  not_after timestamptz not null,
  subject_ko text not null,
  body_ko text not null,
  subject_en text not null,
  body_en text not null,
  correlation text not null,
  traceparent text,
  tracestate text,
  primary key (event_id, template)
);
create index notice_by_age on notice using brin (not_after);

-- Which audience a notice is meant for: who joins it before it is too late is told as well.
create table addressed (
  audience text not null,
  event_id uuid not null,
  template text not null,
  primary key (audience, event_id, template),
  foreign key (event_id, template) references notice (event_id, template)
);

-- due_at is the machine's time, since leases and pauses are no rules of the programme; all else is its own.
create table delivery (
  delivery text primary key,
  event_id uuid not null,
  template text not null,
  recipient text not null,
  channel text not null check (channel in ('inbox', 'mail')),
  state text not null check (state in ('waiting', 'due', 'delivered', 'failed', 'lapsed')),
  programme_year integer not null,
  occurred_at timestamptz not null,
  not_after timestamptz not null,
  attempt smallint not null default 0 check (attempt >= 0),
  due_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  reason text,
  read_at timestamptz,
  unique (event_id, recipient, template, channel),
  foreign key (event_id, template) references notice (event_id, template),
  check ((settled_at is null) = (state in ('waiting', 'due'))),
  check ((reason is null) = (state <> 'failed')),
  check (read_at is null or (channel = 'inbox' and state = 'delivered'))
) with (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02
);
create index delivery_due on delivery (due_at) where state = 'due';
create index delivery_open on delivery (not_after) where state in ('waiting', 'due');
create index delivery_unsent on delivery (recipient) where state in ('waiting', 'due', 'failed');
create index delivery_inbox on delivery (recipient, occurred_at desc, delivery desc)
  where channel = 'inbox' and state = 'delivered';
create index delivery_by_age on delivery using brin (not_after);
create index delivery_failed on delivery (settled_at desc, delivery desc) where state = 'failed';

-- migrate:down

drop table delivery;
drop table addressed;
drop table notice;
drop table member;
drop table contact;
