-- migrate:up

-- Versions of rubrics; those of a shipped name count on from the file's.
alter table rubric add column version integer not null default 1 check (version > 0);
alter table rubric alter column version drop default;
alter table rubric drop constraint rubric_pkey;
alter table rubric add primary key (name, version);

-- The version that a year is scored by, from its first submitted score or closed stage on, as it was then.
create table frozen_rubric (
  year integer primary key references programme_year,
  name text not null,
  version integer not null,
  content jsonb not null,
  frozen_at timestamptz not null
);

-- Schools that may not be supported for a time; both days count, null is without end.
create table sanction (
  id text primary key,
  school text not null,
  reason text not null,
  since date not null,
  until date,
  recorded_by text not null,
  recorded_at timestamptz not null,
  lifted_by text,
  lifted_at timestamptz,
  lifting_reason text,
  constraint ends_after_it_begins check (until >= since),
  constraint lifting_is_whole check (num_nulls(lifted_by, lifted_at, lifting_reason) in (0, 3))
);
create index sanction_by_school on sanction (school);

-- Every word on an application's eligibility, the rule's first; the last one counts.
create table eligibility_decision (
  application text not null references application,
  number integer not null check (number > 0),
  eligible boolean not null,
  reasons text[] not null,
  -- the documents, sanctions and other application behind the reasons
  findings jsonb not null,
  -- null where the rule decided
  decided_by text,
  ground text,
  decided_at timestamptz not null,
  primary key (application, number),
  constraint officers_say_why check ((decided_by is null) = (ground is null))
);

-- What became of schools' cohorts, every revision of it as it was told.
create table reported_outcome (
  school text not null,
  cohort integer not null,
  as_of date not null,
  revision integer not null check (revision > 0),
  graduates integer not null,
  employed integer not null,
  advanced integer not null,
  enlisted integer not null,
  excluded integer not null,
  due_6 integer not null,
  retained_6 integer not null,
  due_12 integer not null,
  retained_12 integer not null,
  origin text not null,
  told_at timestamptz not null,
  received_at timestamptz not null,
  primary key (school, cohort, as_of, revision)
);

-- Days for which every school's outcomes of a cohort were told; the streams say how far they had come.
create table closed_reporting (
  cohort integer not null,
  as_of date not null,
  manifest jsonb not null,
  closed_at timestamptz not null,
  primary key (cohort, as_of)
);

-- What figures scored when an application's total was worked out last.
create table figure_score (
  application text not null references application,
  criterion text not null,
  -- the outcome it comes from, null for an answer of the application
  revision integer,
  value numeric,
  score numeric not null,
  -- why there is no value, which then counts as nothing by an officer's word
  lack text,
  taken_at timestamptz not null,
  primary key (application, criterion),
  constraint value_or_lack check ((value is null) = (lack is not null))
);

-- What figures scored in the preliminary result: schools read that until the final one, whatever comes in.
create table published_figure (
  application text not null references application,
  criterion text not null,
  revision integer,
  value numeric,
  score numeric not null,
  lack text,
  primary key (application, criterion),
  constraint value_or_lack check ((value is null) = (lack is not null))
);

-- Figures that an officer lets count as nothing as long as they are not told.
create table figure_waiver (
  application text primary key references application,
  reason text not null,
  recorded_by text not null,
  recorded_at timestamptz not null
);

-- Bonuses that officers put on record.
create table recorded_bonus (
  application text not null references application,
  bonus text not null,
  reason text not null,
  recorded_by text not null,
  recorded_at timestamptz not null,
  primary key (application, bonus)
);

-- migrate:down
drop table recorded_bonus, figure_waiver, published_figure, figure_score, closed_reporting, reported_outcome,
  eligibility_decision, sanction, frozen_rubric;
delete from rubric where version > 1;
alter table rubric drop constraint rubric_pkey;
alter table rubric add primary key (name);
alter table rubric drop column version;
