-- migrate:up

alter table programme_year
  -- Whole days in which the three parties of a drafted agreement have to sign.
  add column signing_days integer not null default 14 check (signing_days > 0);

-- `sme_status` is what the confirmation of the Ministry says (중소기업 확인서), which is valid until a day.
alter table company
  add column sme_status text not null check (sme_status in ('micro', 'small', 'medium', 'not_sme')),
  add column sme_confirmed_until date,
  add column suspended_at timestamptz,
  add column suspended_reason text,
  drop constraint company_state_check,
  add constraint company_state_check check (state in ('registered', 'approved', 'suspended')),
  drop constraint approved_has_a_moment,
  add constraint approved_has_a_moment check ((state = 'registered') = (approved_at is null)),
  add constraint suspended_has_moment_and_reason check (
    (state = 'suspended') = (suspended_at is not null)
    and (state = 'suspended') = (suspended_reason is not null)
  );

-- What one party wants changed stands beside the term in force until the other signs it.
alter table bipartite_agreement
  add column wanted_starts_on date,
  add column wanted_ends_on date,
  add column wanted_by text check (wanted_by in ('school', 'company')),
  add column over_at timestamptz,
  add column over_reason text,
  add column over_by text check (over_by in ('school', 'company', 'officer', 'deadline')),
  drop constraint bipartite_agreement_state_check,
  add constraint bipartite_agreement_state_check check (
    state in ('proposed', 'in_force', 'withdrawn', 'ended', 'expired')
  ),
  drop constraint in_force_when_both_signed,
  add constraint in_force_when_both_signed check (
    case
      when state in ('in_force', 'ended') then num_nulls(school_signed_at, company_signed_at) = 0
      when state in ('proposed', 'withdrawn') then num_nulls(school_signed_at, company_signed_at) > 0
      else true
    end
  ),
  add constraint wanted_term_is_whole check (
    num_nulls(wanted_starts_on, wanted_ends_on, wanted_by) in (0, 3)
    and (wanted_by is null or state = 'in_force') and wanted_starts_on <= wanted_ends_on
  ),
  add constraint over_has_moment_and_reason check (
    (state in ('withdrawn', 'ended', 'expired')) = (num_nulls(over_at, over_reason, over_by) = 0)
    and num_nulls(over_at, over_reason, over_by) in (0, 3)
  ),
  drop constraint bipartite_agreement_programme_year_school_company_key;
create unique index one_standing_agreement on bipartite_agreement (programme_year, school, company)
  where state in ('proposed', 'in_force');
create index bipartite_to_expire on bipartite_agreement (ends_on) where state in ('proposed', 'in_force');

-- Which school may place students at which company: both signed, and the company is not suspended.
-- The day stays to be compared with the term.
create view partnership as
  select a.id, a.programme_year, a.school, a.company, a.starts_on, a.ends_on
  from bipartite_agreement a join company c on c.id = a.company
  where a.state = 'in_force' and c.state = 'approved';

alter table tripartite_agreement
  add column sign_until timestamptz not null,
  add column over_at timestamptz,
  add column over_reason text,
  add column over_by text check (over_by in ('school', 'company', 'student', 'officer', 'deadline')),
  drop constraint tripartite_agreement_state_check,
  add constraint tripartite_agreement_state_check check (
    state in ('drafted', 'in_force', 'withdrawn', 'lapsed', 'ended', 'expired')
  ),
  drop constraint in_force_when_all_signed,
  add constraint in_force_when_all_signed check (
    (state in ('in_force', 'ended', 'expired'))
    = (num_nulls(student_signed_at, school_signed_at, company_signed_at) = 0)
  ),
  add constraint over_has_moment_and_reason check (
    (state in ('withdrawn', 'lapsed', 'ended', 'expired')) = (num_nulls(over_at, over_reason, over_by) = 0)
    and num_nulls(over_at, over_reason, over_by) in (0, 3)
  );
create index tripartite_to_lapse on tripartite_agreement (sign_until) where state = 'drafted';

alter table offer
  add column withdrawn_reason text,
  drop constraint offer_state_check,
  add constraint offer_state_check check (
    state in ('offered', 'accepted', 'declined', 'expired', 'withdrawn')
  ),
  add constraint withdrawn_has_a_reason check ((state = 'withdrawn') = (withdrawn_reason is not null));

-- Every state that an agreement ever had, as it stood, with the work it is about.
create table agreement_version (
  agreement text not null,
  version integer not null check (version > 0),
  since timestamptz not null,
  terms jsonb not null,
  primary key (agreement, version)
);

create function keep_agreement_version() returns trigger language plpgsql as $$
declare
  kept jsonb := to_jsonb(new);
begin
  if tg_table_name = 'tripartite_agreement' then
    kept := kept || jsonb_build_object('work', (
      select to_jsonb(o) - array['places', 'held', 'active', 'state', 'criteria', 'published_at']
      from opening o where o.id = kept ->> 'opening'
    ));
  end if;
  insert into agreement_version
  select new.id, coalesce(max(v.version), 0) + 1, programme_clock(), kept
  from agreement_version v where v.agreement = new.id;
  return null;
end
$$;
create trigger versions_of_bipartite after insert or update on bipartite_agreement
  for each row execute function keep_agreement_version();
create trigger versions_of_tripartite after insert or update on tripartite_agreement
  for each row execute function keep_agreement_version();

-- Whoever writes agreements: whom one binds and for what never changes, and no signature is taken back.
create function agreement_stays() returns trigger language plpgsql as $$
begin
  raise exception 'Agreement % keeps its %', old.id, tg_argv[0]
    using errcode = 'check_violation', constraint = 'agreement_keeps_its_' || tg_argv[0];
end
$$;
create trigger parties_of_bipartite before update on bipartite_agreement for each row
  when (
    (old.id, old.programme_year, old.school, old.company)
    is distinct from (new.id, new.programme_year, new.school, new.company)
  ) execute function agreement_stays('parties');
create trigger signatures_of_bipartite before update on bipartite_agreement for each row
  when (
    old.school_signed_at is not null and new.school_signed_at is null
    or old.company_signed_at is not null and new.company_signed_at is null
  ) execute function agreement_stays('signatures');
create trigger parties_of_tripartite before update on tripartite_agreement for each row
  when (
    (old.id, old.programme_year, old.student, old.school, old.employment_class, old.company, old.opening,
      old.offer)
    is distinct from
    (new.id, new.programme_year, new.student, new.school, new.employment_class, new.company, new.opening,
      new.offer)
  ) execute function agreement_stays('parties');
create trigger signatures_of_tripartite before update on tripartite_agreement for each row
  when (
    old.student_signed_at is not null and new.student_signed_at is null
    or old.school_signed_at is not null and new.school_signed_at is null
    or old.company_signed_at is not null and new.company_signed_at is null
  ) execute function agreement_stays('signatures');

alter table employment_class
  add column hours integer not null check (hours > 0),
  add column changed_at timestamptz;

create index class_to_close on employment_class (ends_on) where state = 'open';

alter table enrolment
  add column left_at timestamptz,
  add column left_reason text,
  add constraint left_has_moment_and_reason check (
    (state = 'left') = (left_at is not null) and (state = 'left') = (left_reason is not null)
  );

-- That a parent or guardian agreed to the student's employment (Labor Standards Act, Articles 64 and 66);
-- the paper itself is kept by school and company.
create table guardian_consent (
  student text primary key references student,
  given_on date not null,
  recorded_by text not null,
  recorded_at timestamptz not null
);

-- A withdrawn opening has no free place; the places that are held go on.
alter table opening
  add column address text not null,
  add column hours_per_day integer not null check (hours_per_day > 0),
  add column works_from time not null,
  add column works_until time not null,
  add column ends_on date check (ends_on >= starts_on),
  add column criteria text[] not null default '{}',
  add column changed_at timestamptz,
  add column withdrawn_at timestamptz,
  add column withdrawn_reason text,
  drop constraint opening_state_check,
  add constraint opening_state_check check (state in ('published', 'filled', 'withdrawn')),
  drop constraint filled_when_every_place_is_taken,
  add constraint filled_when_every_place_is_taken check (
    state = 'withdrawn' or (state = 'filled') = (active = places)
  ),
  add constraint withdrawn_has_moment_and_reason check (
    (state = 'withdrawn') = (withdrawn_at is not null)
    and (state = 'withdrawn') = (withdrawn_reason is not null)
  );

create index opening_by_last_day on opening (ends_on) where ends_on is not null;

-- A file to be taken in, whole or not at all; a worker does it. It may name persons, so it is sealed, and
-- it is kept no longer than until it is decided.
create table import_job (
  id text primary key,
  kind text not null check (kind in ('companies', 'roster')),
  programme_year integer not null,
  party text,
  file bytea,
  state text not null check (state in ('received', 'done', 'refused')),
  submitted_by text not null,
  -- What is told of the file's rows belongs to the request that gave the file.
  correlation text not null,
  submitted_at timestamptz not null,
  decided_at timestamptz,
  errors jsonb not null default '[]',
  imported integer,
  constraint decided_has_a_moment check ((state = 'received') = (decided_at is null)),
  constraint file_is_kept_until_decided check ((state = 'received') = (file is not null)),
  constraint done_says_how_many check ((state = 'done') = (imported is not null))
);
create index import_to_do on import_job (submitted_at, id) where state = 'received';

-- How far the one that is at work is: written beside its transaction, which nobody sees until it commits.
create table import_progress (
  job text primary key references import_job,
  phase text not null,
  rows_done integer not null,
  rows_total integer not null,
  -- How often something else than the file was at fault, and until when the file is let alone after it.
  faults integer not null default 0,
  let_alone_until timestamptz
);

-- migrate:down
drop table import_progress, import_job, guardian_consent;
drop trigger versions_of_bipartite on bipartite_agreement;
drop trigger versions_of_tripartite on tripartite_agreement;
drop function keep_agreement_version;
drop trigger parties_of_bipartite on bipartite_agreement;
drop trigger signatures_of_bipartite on bipartite_agreement;
drop trigger parties_of_tripartite on tripartite_agreement;
drop trigger signatures_of_tripartite on tripartite_agreement;
drop function agreement_stays;
drop table agreement_version;
drop view partnership;
-- The constraints of the first migration come back; rows in states that it does not know stand in the way.
alter table opening
  drop constraint opening_state_check,
  add constraint opening_state_check check (state in ('published', 'filled')),
  drop constraint filled_when_every_place_is_taken,
  add constraint filled_when_every_place_is_taken check ((state = 'filled') = (active = places)),
  drop column address, drop column hours_per_day, drop column works_from, drop column works_until,
  drop column ends_on, drop column criteria, drop column changed_at, drop column withdrawn_at,
  drop column withdrawn_reason;
alter table enrolment drop column left_at, drop column left_reason;
drop index class_to_close;
alter table employment_class drop column hours, drop column changed_at;
alter table offer
  drop constraint offer_state_check,
  add constraint offer_state_check check (state in ('offered', 'accepted', 'declined', 'expired')),
  drop column withdrawn_reason;
alter table tripartite_agreement
  drop constraint tripartite_agreement_state_check,
  add constraint tripartite_agreement_state_check check (state in ('drafted', 'in_force')),
  drop column sign_until, drop column over_at, drop column over_reason, drop column over_by;
drop index one_standing_agreement, bipartite_to_expire;
alter table bipartite_agreement
  drop constraint bipartite_agreement_state_check,
  add constraint bipartite_agreement_state_check check (state in ('proposed', 'in_force')),
  drop constraint in_force_when_both_signed,
  add constraint in_force_when_both_signed check (
    (state = 'in_force') = (school_signed_at is not null and company_signed_at is not null)
  ),
  add unique (programme_year, school, company),
  drop column wanted_starts_on, drop column wanted_ends_on, drop column wanted_by, drop column over_at,
  drop column over_reason, drop column over_by;
alter table company
  drop constraint company_state_check,
  add constraint company_state_check check (state in ('registered', 'approved')),
  drop constraint approved_has_a_moment,
  add constraint approved_has_a_moment check ((state = 'approved') = (approved_at is not null)),
  drop column sme_status, drop column sme_confirmed_until, drop column suspended_at,
  drop column suspended_reason;
alter table programme_year drop column signing_days;
