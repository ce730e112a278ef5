-- migrate:up

-- What a school is for: its expertise is looked for in reviewers. Null for schools told of before this column.
alter table school add column stream text;

-- The pool: expertise, room, and where reviewers belong and belonged.
alter table reviewer drop column school;
alter table reviewer add column tracks text[] not null default '{}';
alter table reviewer add column fields text[] not null default '{}';
alter table reviewer add column capacity integer check (capacity > 0);
alter table reviewer add column available boolean not null default true;

create table affiliation (
  reviewer text not null references reviewer,
  place integer not null,
  school text,
  corporation text,
  province text,
  since date,
  -- first day on which it holds no longer
  until date,
  primary key (reviewer, place),
  constraint affiliated_somewhere check (num_nonnulls(school, corporation, province) > 0),
  constraint ends_after_it_begins check (until > since)
);

-- The corporation that runs a school, where an officer put it on record.
create table school_corporation (
  school text primary key,
  corporation text not null,
  recorded_by text not null,
  recorded_at timestamptz not null
);

-- Conflicts that a reviewer or an officer declared; they count whatever a policy says.
create table declared_conflict (
  reviewer text not null references reviewer,
  school text not null,
  reason text not null,
  declared_by text not null,
  declared_at timestamptz not null,
  primary key (reviewer, school)
);
create index declared_conflict_by_school on declared_conflict (school);

-- A reviewer's work on an application at a stage; for an appeal it is that of its panel.
-- 'open' may be scored until it is due; 'closed' counts. The sheets of the others are kept and do not count:
-- 'recused' (a conflict), 'released' (taken away, late), 'superseded' (by an appeal's panel, or of one in vain).
drop table sheet, assignment;
create table assignment (
  id bigint generated always as identity primary key,
  application text not null references application,
  reviewer text not null references reviewer,
  stage text not null,
  appeal text,
  state text not null default 'open'
    check (state in ('open', 'closed', 'recused', 'released', 'superseded')),
  assigned_at timestamptz not null,
  -- first moment too late to score
  due_at timestamptz not null,
  ended_at timestamptz,
  reason text,
  -- what its reviewer has to do with the school, where that came to light when it was done: it still counts,
  -- and is read no longer
  conflict text,
  constraint ended_has_a_moment check ((state = 'open') = (ended_at is null)),
  constraint who_has_a_conflict_has_nothing_in_hand check (conflict is null or state <> 'open')
);
create unique index one_counted_review on assignment (application, reviewer, stage, appeal) nulls not distinct
  where state in ('open', 'closed');
create index assignment_by_application on assignment (application, stage);
create index assignment_by_reviewer on assignment (reviewer);

create table sheet (
  assignment bigint primary key references assignment,
  version integer not null default 1 check (version > 0),
  state text not null check (state in ('draft', 'submitted')),
  -- criterion → score as decimal text
  scores jsonb not null,
  comment_to_school text,
  comment_internal text,
  saved_at timestamptz not null,
  submitted_at timestamptz,
  constraint submitted_has_a_moment check ((state = 'submitted') = (submitted_at is not null))
);

-- What a sheet said before an officer reopened it, and why.
create table sheet_reopening (
  assignment bigint not null references assignment,
  version integer not null,
  scores jsonb not null,
  comment_to_school text,
  comment_internal text,
  submitted_at timestamptz not null,
  reopened_at timestamptz not null,
  reopened_by text not null,
  reason text not null,
  primary key (assignment, version)
);

-- Stages of review that were closed; the year is scored once the last of every kind is.
create table stage_closure (
  year integer not null references programme_year,
  kind text not null,
  stage text not null,
  closed_at timestamptz not null,
  closed_by text not null,
  line numeric,
  passed integer not null,
  cut integer not null,
  primary key (year, kind, stage)
);

-- How far an application came: points reached by the end of a stage, and whether it went on.
create table stage_result (
  application text not null references application,
  stage text not null,
  reached numeric not null,
  passed boolean not null,
  primary key (application, stage)
);

-- migrate:down
drop table stage_result, stage_closure, sheet_reopening, sheet, assignment, declared_conflict,
  school_corporation, affiliation;
alter table reviewer drop column tracks, drop column fields, drop column capacity, drop column available,
  add column school text;
alter table school drop column stream;
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
  scores jsonb not null,
  submitted_at timestamptz not null,
  primary key (application, reviewer),
  foreign key (application, reviewer) references assignment
);
