-- migrate:up

-- The department (학과) that a school names for a student; outcomes are counted by it.
alter table student add column department text not null default '';

-- The first day at work is the opening's, or the day of the third signature where that is later.
alter table placement
  add column starts_on date not null,
  add column ended_on date,
  add column end_revision integer not null default 0,
  add constraint ended_has_a_last_day check (
    (state = 'ended') = (ended_on is not null) and (state <> 'ended' or end_revision > 0)
  );
create index placement_by_student on placement (student);
create index placement_by_class on placement (employment_class);
create index placement_by_company on placement (company, programme_year);

-- Whoever writes placements: they are active only by agreements that all three signed, and only in places
-- that no other active placement takes. Rows are locked in statements of their own, so that what follows
-- sees what others committed meanwhile.
create function placements_stand() returns trigger language plpgsql as $$
declare
  wrong text;
begin
  perform from tripartite_agreement a
  where a.id in (select w.agreement from written w where w.state = 'active') order by a.id for share;
  select w.id into wrong from written w
  where w.state = 'active' and not exists (
    select from tripartite_agreement a
    where a.id = w.agreement and a.state = 'in_force'
      and (a.programme_year, a.student, a.school, a.employment_class, a.company, a.opening)
        = (w.programme_year, w.student, w.school, w.employment_class, w.company, w.opening)
  ) limit 1;
  if found then
    raise exception 'Placement % has no agreement that all three signed', wrong
      using errcode = 'check_violation', constraint = 'active_only_when_signed';
  end if;
  perform from opening o
  where o.id in (select w.opening from written w where w.state = 'active') order by o.id for no key update;
  select o.id into wrong from opening o
  where o.id in (select w.opening from written w where w.state = 'active') and o.places < (
    select count(*) from placement p where p.opening = o.id and p.state = 'active'
  ) limit 1;
  if found then
    raise exception 'Opening % has no place left', wrong
      using errcode = 'check_violation', constraint = 'no_more_than_places';
  end if;
  return null;
end
$$;
create trigger new_placements_stand after insert on placement
  referencing new table as written for each statement execute function placements_stand();
create trigger changed_placements_stand after update on placement
  referencing new table as written for each statement execute function placements_stand();

-- And the other way round: an agreement stays in force under an active placement. Whoever changes one while
-- its placement begins waits for that at the agreement's row, and sees it here.
create function agreements_carry_work() returns trigger language plpgsql as $$
declare
  wrong text;
begin
  select p.id into wrong from written w join placement p on p.agreement = w.id
  where w.state <> 'in_force' and p.state = 'active' limit 1;
  if found then
    raise exception 'Placement % stands on this agreement', wrong
      using errcode = 'check_violation', constraint = 'in_force_under_work';
  end if;
  return null;
end
$$;
create trigger changed_agreements_carry_work after update on tripartite_agreement
  referencing new table as written for each statement execute function agreements_carry_work();

-- Everything that was ever said of a placement's end; the placement itself carries the newest.
-- Without a last day an end was taken back: the student never left.
create table placement_end (
  placement text not null references placement,
  revision integer not null check (revision > 0),
  ended_on date,
  reason text not null,
  source text not null check (source in ('school', 'company', 'officer', 'insurance', 'agreement')),
  recorded_at timestamptz not null,
  recorded_by text not null,
  primary key (placement, revision)
);

-- `void` is a check of work that never began, whatever was answered before that was known. What is due says
-- until when an answer is in time.
create table retention_check (
  placement text not null references placement,
  months integer not null check (months in (6, 12)),
  programme_year integer not null,
  school text not null references school,
  company text not null references company,
  due_on date not null,
  state text not null check (state in ('scheduled', 'due', 'answered', 'void')),
  answer_until timestamptz not null,
  revision integer not null default 0,
  retained boolean,
  source text,
  answered_at timestamptz,
  primary key (placement, months),
  constraint answered_has_an_answer check (
    (state <> 'answered' or revision > 0) and num_nulls(retained, source, answered_at) in (0, 3)
    and (state = 'answered') = (retained is not null)
  )
);
create index retention_to_come on retention_check (due_on) where state = 'scheduled';
create index retention_to_answer on retention_check (answer_until) where state = 'due';
create index retention_by_year on retention_check (programme_year, state);
create index retention_by_school on retention_check (school, programme_year);
create index retention_by_company on retention_check (company, programme_year);

-- Everything that was ever said of a check; the check itself carries the newest.
create table retention_answer (
  placement text not null,
  months integer not null,
  revision integer not null check (revision > 0),
  retained boolean not null,
  source text not null check (source in ('school', 'company', 'officer', 'insurance', 'exit')),
  reason text,
  answered_at timestamptz not null,
  answered_by text not null,
  primary key (placement, months, revision),
  foreign key (placement, months) references retention_check
);

-- What a school says became of a student besides placements; the highest revision counts.
create table destination (
  student text not null references student,
  programme_year integer not null,
  revision integer not null check (revision > 0),
  kind text not null check (
    kind in ('employed_elsewhere', 'advanced_study', 'military_service', 'excluded', 'not_graduated', 'none')
  ),
  since date not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  primary key (student, programme_year, revision)
);

-- Years before the platform are imported, so the year needs no row here; a school does.
create table outcome_report (
  programme_year integer not null,
  school text not null references school,
  as_of date not null,
  revision integer not null check (revision > 0),
  origin text not null check (origin in ('platform', 'imported')),
  reason text,
  reported_at timestamptz not null,
  reported_by text not null,
  primary key (programme_year, school, as_of, revision),
  constraint corrected_has_a_reason check ((revision > 1) = (reason is not null))
);

create table outcome_cell (
  programme_year integer not null,
  school text not null,
  as_of date not null,
  revision integer not null,
  track text not null,
  department text not null,
  enrolled integer not null,
  graduates integer not null,
  employed integer not null,
  advanced integer not null,
  enlisted integer not null,
  excluded integer not null,
  due_6 integer not null,
  retained_6 integer not null,
  due_12 integer not null,
  retained_12 integer not null,
  primary key (programme_year, school, as_of, revision, track, department),
  foreign key (programme_year, school, as_of, revision) references outcome_report,
  constraint parts_of_a_whole check (
    least(enrolled, graduates, employed, advanced, enlisted, excluded, retained_6, retained_12) >= 0
    and graduates <= enrolled and employed + advanced + enlisted + excluded <= graduates
    and retained_6 <= due_6 and retained_12 <= due_12
  )
);

create view newest_outcome as
  select distinct on (programme_year, school, as_of) *
  from outcome_report order by programme_year, school, as_of, revision desc;

-- `number` orders the days of a cohort by their closing, which decides what open data tell of which; they
-- tell the `revisions` that stood then, by school, whatever is corrected later.
create table outcome_closing (
  number bigint generated always as identity,
  programme_year integer not null,
  as_of date not null,
  manifest jsonb not null,
  revisions jsonb not null,
  unconfirmed integer not null check (unconfirmed >= 0),
  closed_at timestamptz not null,
  closed_by text not null,
  primary key (programme_year, as_of)
);

-- migrate:down
drop view newest_outcome;
drop table outcome_closing, outcome_cell, outcome_report, destination, retention_answer, retention_check,
  placement_end;
drop trigger changed_agreements_carry_work on tripartite_agreement;
drop function agreements_carry_work;
drop trigger new_placements_stand on placement;
drop trigger changed_placements_stand on placement;
drop function placements_stand;
drop index placement_by_student, placement_by_class, placement_by_company;
alter table placement drop column starts_on, drop column ended_on, drop column end_revision;
alter table student drop column department;
