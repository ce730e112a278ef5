-- migrate:up

create table school (
  id text primary key,
  neis_code text unique,
  name_ko text not null,
  name_en text,
  province text not null,
  stream text not null,
  founder text not null,
  school_type text not null,
  state text not null default 'open' check (state in ('open', 'closed')),
  registered_at timestamptz not null,
  closed_at timestamptz,
  constraint closed_has_a_moment check ((state = 'closed') = (closed_at is not null))
);
-- A school that the national register gives no code is known by its name within its province.
create unique index school_without_code on school (province, name_ko) where neis_code is null;
create index school_by_name on school (name_ko, id);

create table programme_year (
  year integer primary key,
  policy jsonb not null,
  opened_at timestamptz not null
);

create table call_for_applications (
  id text primary key,
  year integer not null references programme_year,
  kinds text[] not null check (cardinality(kinds) > 0),
  tracks text[] not null check (cardinality(tracks) > 0),
  opens_at timestamptz not null,
  deadline timestamptz not null,
  state text not null check (state in ('announced', 'closed')),
  version integer not null check (version > 0),
  closed_at timestamptz,
  constraint deadline_after_opening check (opens_at < deadline),
  constraint closed_has_a_moment check ((state = 'closed') = (closed_at is not null)),
  unique (id, year)
);
create index call_by_year on call_for_applications (year);

create table extension (
  call text not null references call_for_applications,
  school text not null references school,
  until timestamptz not null,
  reason text not null,
  granted_at timestamptz not null,
  primary key (call, school)
);

create table application (
  id text primary key,
  school text not null references school,
  year integer not null,
  call text not null,
  kind text not null check (kind in ('continuing', 'new')),
  state text not null check (state in ('draft', 'submitted', 'withdrawn')),
  tracks text[] not null,
  accepts_general boolean,
  figures jsonb not null,
  version integer not null check (version >= 0),
  receipt text unique,
  accepted_at timestamptz,
  withdrawn_at timestamptz,
  withdrawal_reason text,
  withdrawn_after_deadline boolean,
  drafted_at timestamptz not null,
  saved_at timestamptz not null,
  foreign key (call, year) references call_for_applications (id, year),
  constraint accepted_has_receipt check ((version > 0) = (receipt is not null)),
  constraint accepted_has_moment check ((version > 0) = (accepted_at is not null)),
  constraint submitted_was_accepted check (state <> 'submitted' or version > 0),
  constraint draft_was_not check (state <> 'draft' or version = 0),
  constraint withdrawn_has_moment check (
    (state = 'withdrawn') = (withdrawn_at is not null)
    and (state = 'withdrawn') = (withdrawal_reason is not null)
    and (state = 'withdrawn') = (withdrawn_after_deadline is not null)
  )
);
-- One application a school, year and call; one that was withdrawn makes room for another.
create unique index one_standing_application on application (school, year, call) where state <> 'withdrawn';
create index application_by_call on application (call, state);
create index application_by_year on application (year, id);

create table document (
  id text primary key,
  application text not null references application,
  name text not null,
  media_type text not null,
  size integer not null check (size > 0),
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  content bytea not null,
  attached_at timestamptz not null,
  detached_at timestamptz
);
-- What is taken in is compressed already.
alter table document alter column content set storage external;
create unique index one_document_a_name on document (application, name) where detached_at is null;
create index document_by_application on document (application);

-- What was accepted, as it was; never changed.
create table submission (
  application text not null references application,
  version integer not null check (version > 0),
  accepted_at timestamptz not null,
  tracks text[] not null,
  accepts_general boolean not null,
  figures jsonb not null,
  documents text[] not null,
  primary key (application, version)
);

-- What evaluation tells of a school in a year, and of an application under review; shown, never decided on.
create table standing (
  school text not null,
  year integer not null,
  status text not null,
  designations text[] not null,
  rank integer,
  reserve integer,
  reasons text[] not null,
  offer text,
  offered_designations text[],
  offer_expires_at timestamptz,
  since timestamptz not null,
  primary key (school, year)
);
create table review (
  application text primary key,
  eligible boolean,
  reasons text[] not null default '{}',
  stage text,
  starts_at timestamptz,
  ends_at timestamptz
);
create table publication (
  year integer not null,
  stage text not null,
  published_at timestamptz not null,
  appeals_until timestamptz,
  primary key (year, stage)
);

-- Receipt numbers come from a sequence a year: a counter row would make submissions wait for each other's
-- commits. The service may define nothing, so both functions run with the owner's rights.
create function open_receipts(of_year integer) returns void
language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
  execute format('create sequence if not exists public.%I', 'receipt_' || of_year);
end
$$;
create function next_receipt(of_year integer) returns bigint
language sql volatile security definer set search_path = pg_catalog, public
as $$ select nextval(format('public.%I', 'receipt_' || of_year)::regclass) $$;

-- migrate:down
drop table publication, review, standing, submission, document, application, extension, call_for_applications;
do $$
declare of_year integer;
begin
  for of_year in select year from programme_year loop
    execute format('drop sequence if exists public.%I', 'receipt_' || of_year);
  end loop;
end
$$;
drop table programme_year, school;
drop function open_receipts(integer);
drop function next_receipt(integer);
