-- migrate:up

-- What others tell of schools, years, calls and applications.
create table school (
  id text primary key,
  name_ko text not null,
  name_en text,
  province text not null,
  school_type text not null,
  state text not null check (state in ('open', 'closed'))
);

-- `stage` says how far evaluation of the year has come; this row is the gate of every decision in it.
create table programme_year (
  year integer primary key,
  policy jsonb not null,
  opened_at timestamptz not null,
  stage text not null default 'reviewing'
    check (stage in ('reviewing', 'scored', 'preliminary', 'final')),
  lot_seed text,
  lot_entered_by text,
  appeals_until timestamptz,
  versions integer not null default 0 check (versions >= 0),
  constraint lot_has_an_author check ((lot_seed is null) = (lot_entered_by is null)),
  constraint appeals_follow_a_preliminary_result check (
    (stage in ('preliminary', 'final')) = (appeals_until is not null)
  )
);

create table call_for_applications (
  id text primary key,
  year integer not null,
  kinds text[] not null,
  closed_at timestamptz,
  -- application → sequence of every standing submission, as the closing event lists them
  manifest jsonb,
  started_at timestamptz,
  constraint closed_has_manifest check ((closed_at is null) = (manifest is null)),
  constraint started_after_closing check (started_at is null or closed_at is not null)
);
create index call_by_year on call_for_applications (year);

-- Who took part in a year that was before this software; `imported` says that the list is complete.
create table participation_import (
  year integer primary key,
  imported_at timestamptz not null
);
create table participant (
  year integer not null references participation_import,
  school text not null references school,
  kind text not null check (kind in ('continuing', 'new')),
  designations text[] not null,
  primary key (year, school)
);

create table application (
  id text primary key,
  year integer not null,
  call text not null,
  school text not null,
  name_ko text not null,
  name_en text,
  province text not null,
  kind text not null,
  receipt text not null,
  tracks text[] not null,
  accepts_general boolean not null,
  answers jsonb not null,
  documents text[] not null,
  accepted_at timestamptz not null,
  withdrawn_at timestamptz,
  eligible boolean,
  reasons text[] not null default '{}',
  decided_at timestamptz,
  -- the stage of review that its school was told of last
  scheduled text,
  constraint decided_has_a_moment check ((eligible is null) = (decided_at is null))
);
create index application_by_year on application (year, id);
create index application_by_school on application (school, year);
create index application_by_call on application (call);
create unique index one_eligible_application on application (year, school)
  where eligible and withdrawn_at is null;

-- Rubrics beside the one that is shipped; a name is given once.
create table rubric (
  name text primary key,
  content jsonb not null,
  added_by text not null,
  added_at timestamptz not null
);

create table reviewer (
  id text primary key,
  province text,
  school text,
  registered_at timestamptz not null
);

create table assignment (
  application text not null references application,
  reviewer text not null references reviewer,
  assigned_at timestamptz not null,
  primary key (application, reviewer)
);
create index assignment_by_reviewer on assignment (reviewer);

create table sheet (
  application text not null,
  reviewer text not null,
  -- criterion → score as decimal text
  scores jsonb not null,
  submitted_at timestamptz not null,
  primary key (application, reviewer),
  foreign key (application, reviewer) references assignment
);

-- What the scores of an application come to, once scoring is closed; rounded to three decimals.
create table total (
  application text primary key references application,
  total numeric not null,
  -- part → points
  parts jsonb not null,
  barred text[] not null
);

-- Snapshot and result are the exact canonical bytes that were hashed.
create table run (
  id text primary key,
  year integer not null references programme_year,
  version integer not null check (version > 0),
  stage text not null check (stage in ('preliminary', 'final', 'promotion')),
  state text not null check (state in ('proposed', 'approved', 'published', 'superseded')),
  snapshot bytea not null,
  snapshot_sha256 text not null check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  result bytea not null,
  result_sha256 text not null check (result_sha256 ~ '^[0-9a-f]{64}$'),
  rule text not null,
  code text not null,
  proposed_by text not null,
  proposed_at timestamptz not null,
  approved_by text,
  approved_at timestamptz,
  published_at timestamptz,
  unique (year, version),
  constraint approved_by_a_second_officer check (approved_by <> proposed_by),
  constraint approval_is_whole check ((approved_by is null) = (approved_at is null)),
  constraint approved_before_it_is_published check (
    (state <> 'approved' or approved_at is not null)
    and (state <> 'proposed' or approved_at is null)
    and (state <> 'published' or approved_at is not null or stage = 'promotion')
  ),
  constraint published_has_a_moment check ((state = 'published') = (published_at is not null))
);
create unique index one_run_in_hand on run (year) where state in ('proposed', 'approved');
create unique index one_published_result on run (year, stage)
  where state = 'published' and stage in ('preliminary', 'final');

-- What a run says to each school.
create table outcome (
  run text not null references run,
  school text not null,
  application text not null references application,
  rank integer,
  outcome text not null check (outcome in ('selected', 'reserve', 'not_passed')),
  designations text[] not null,
  reserve integer,
  score numeric not null,
  parts jsonb not null,
  reasons text[] not null,
  facts jsonb not null,
  explanation_ko text not null,
  explanation_en text not null,
  primary key (run, school)
);

-- Where a school stands after the final result. What it declined or let expire is struck from its wishes.
create table standing (
  year integer not null,
  school text not null,
  application text not null references application,
  state text not null check (state in ('selected', 'reserve', 'not_selected', 'relinquished', 'revoked')),
  designations text[] not null,
  struck_tracks text[] not null default '{}',
  struck_general boolean not null default false,
  since timestamptz not null,
  primary key (year, school)
);
create index standing_by_application on standing (application);

create table offer (
  id text primary key,
  year integer not null,
  school text not null,
  run text not null references run,
  state text not null check (state in ('pending', 'accepted', 'declined', 'expired')),
  upgrade boolean not null,
  designations text[] not null,
  -- what it holds once accepted beyond what it held when the offer was made
  added text[] not null,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  answered_at timestamptz,
  foreign key (year, school) references standing,
  constraint expires_later check (expires_at > made_at),
  constraint settled_has_a_moment check ((state = 'pending') = (answered_at is null))
);
create unique index one_pending_offer on offer (year, school) where state = 'pending';
create index offer_by_expiry on offer (expires_at) where state = 'pending';
create index offer_by_school on offer (school, year);

-- Seats (the row named '*') and designations of each quota group: how many there are, held and offered.
-- The triggers below count with every row that changes, so no transaction commits above a limit.
create table quota (
  year integer not null references programme_year,
  name text not null,
  tracks text[] not null,
  at_most integer not null check (at_most >= 0),
  held integer not null default 0 check (held >= 0),
  offered integer not null default 0 check (offered >= 0),
  primary key (year, name),
  constraint never_above_the_limit check (held + offered <= at_most)
);

create function count_in_quota(in_year integer, seats integer, places text[], sign integer, is_offer boolean)
returns void language sql as $$
  update quota q
  set held = q.held + case when is_offer then 0 else sign * n end,
      offered = q.offered + case when is_offer then sign * n else 0 end
  from (
    select o.name,
      case when o.name = '*' then seats
           else (select count(*)::integer from unnest(places) as t (track) where t.track = any (o.tracks))
      end as n
    from quota o where o.year = in_year
  ) as moved
  where q.year = in_year and q.name = moved.name and moved.n > 0
$$;

create function count_standing() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.state = 'selected' then
    perform count_in_quota(old.year, 1, old.designations, -1, false);
  end if;
  if tg_op <> 'DELETE' and new.state = 'selected' then
    perform count_in_quota(new.year, 1, new.designations, 1, false);
  end if;
  return null;
end
$$;

create function count_offer() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.state = 'pending' then
    perform count_in_quota(old.year, case when old.upgrade then 0 else 1 end, old.added, -1, true);
  end if;
  if tg_op <> 'DELETE' and new.state = 'pending' then
    perform count_in_quota(new.year, case when new.upgrade then 0 else 1 end, new.added, 1, true);
  end if;
  return null;
end
$$;

create trigger standing_is_counted after insert or update or delete on standing
  for each row execute function count_standing();
create trigger offer_is_counted after insert or update or delete on offer
  for each row execute function count_offer();

-- migrate:down
drop table offer, standing, outcome, quota, run, total, sheet, assignment, reviewer, rubric, application,
  participant, participation_import, call_for_applications, programme_year, school;
drop function count_offer(), count_standing(), count_in_quota(integer, integer, text[], integer, boolean);
