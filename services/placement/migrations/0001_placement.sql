-- migrate:up

-- What the policy of a year says to this service; the year runs under it to its end.
create table programme_year (
  year integer primary key,
  class_min_size integer not null check (class_min_size > 0),
  class_max_size integer not null,
  offer_days integer not null check (offer_days > 0),
  rounds integer not null check (rounds > 0),
  preferences_at_most integer not null check (preferences_at_most > 0),
  constraint sizes_in_order check (class_min_size <= class_max_size)
);

create table school (
  id text primary key,
  name_ko text not null,
  name_en text,
  province text not null,
  -- What the register says is newer than what a result repeats of it.
  registered boolean not null,
  closed_at timestamptz
);

-- A school's place in a year. One that was given up or taken away lets nobody new into its classes.
create table participation (
  programme_year integer not null,
  school text not null references school,
  state text not null check (state in ('selected', 'relinquished', 'revoked')),
  designations text[] not null,
  since timestamptz not null,
  primary key (programme_year, school)
);

-- The final result's manifest: by school, how far its stream must have been read before classes open.
create table final_result (
  programme_year integer primary key,
  manifest jsonb not null,
  published_at timestamptz not null,
  reached boolean not null default false
);

create table company (
  id text primary key,
  registration_number text not null unique check (registration_number ~ '^[0-9]{10}$'),
  name_ko text not null,
  name_en text,
  province text not null,
  industry text not null,
  employees integer not null check (employees > 0),
  state text not null check (state in ('registered', 'approved')),
  registered_by text not null,
  registered_at timestamptz not null,
  approved_at timestamptz,
  constraint approved_has_a_moment check ((state = 'approved') = (approved_at is not null))
);
create index company_by_state on company (state, id);

create table bipartite_agreement (
  id text primary key,
  programme_year integer not null references programme_year,
  school text not null references school,
  company text not null references company,
  state text not null check (state in ('proposed', 'in_force')),
  starts_on date not null,
  ends_on date not null,
  proposed_by text not null check (proposed_by in ('school', 'company')),
  proposed_at timestamptz not null,
  school_signed_at timestamptz,
  company_signed_at timestamptz,
  constraint term_in_order check (starts_on <= ends_on),
  constraint in_force_when_both_signed check (
    (state = 'in_force') = (school_signed_at is not null and company_signed_at is not null)
  ),
  unique (programme_year, school, company)
);
create index bipartite_by_company on bipartite_agreement (company, programme_year);

create table employment_class (
  id text primary key,
  programme_year integer not null references programme_year,
  school text not null references school,
  track text not null,
  field text not null,
  capacity integer not null check (capacity > 0),
  enrolled integer not null default 0,
  starts_on date not null,
  ends_on date not null,
  state text not null check (state in ('open', 'closed')),
  opened_at timestamptz not null,
  closed_at timestamptz,
  closed_reason text,
  constraint within_capacity check (enrolled between 0 and capacity),
  constraint term_in_order check (starts_on <= ends_on),
  constraint closed_has_moment_and_reason check (
    (state = 'closed') = (closed_at is not null) and (state = 'closed') = (closed_reason is not null)
  )
);
create index class_by_school on employment_class (school, programme_year);

create table class_company (
  employment_class text not null references employment_class,
  company text not null references company,
  primary key (employment_class, company)
);
create index class_company_by_company on class_company (company);

-- `reference` is the school's own code for the student; it leaves this service to nobody but the school.
create table student (
  id text primary key,
  school text not null references school,
  reference text not null,
  unique (school, reference)
);

create table enrolment (
  id bigint generated always as identity primary key,
  student text not null references student,
  employment_class text not null references employment_class,
  programme_year integer not null,
  state text not null check (state in ('active', 'left')),
  enrolled_at timestamptz not null
);
create unique index one_active_class on enrolment (student) where state = 'active';
create index enrolment_by_class on enrolment (employment_class);

-- `held` counts places that an unanswered offer, an unsigned agreement or an active placement holds,
-- `active` the last of these alone.
create table opening (
  id text primary key,
  programme_year integer not null references programme_year,
  company text not null references company,
  field text not null,
  title text not null,
  province text not null,
  wage_krw_per_hour integer not null check (wage_krw_per_hour > 0),
  hours_per_week integer not null check (hours_per_week > 0),
  starts_on date not null,
  places integer not null check (places > 0),
  held integer not null default 0,
  active integer not null default 0,
  state text not null check (state in ('published', 'filled')),
  published_at timestamptz not null,
  constraint never_above_capacity check (0 <= active and active <= held and held <= places),
  constraint filled_when_every_place_is_taken check ((state = 'filled') = (active = places))
);
create index opening_by_company on opening (company, programme_year);
create index opening_by_year on opening (programme_year, id);

-- Times are half-open windows from `opened_at` on. Snapshot and result are the exact bytes that were hashed.
create table matching_round (
  id text primary key,
  programme_year integer not null references programme_year,
  number integer not null check (number > 0),
  state text not null check (state in ('open', 'closed', 'decided')),
  lot_source text not null,
  opened_at timestamptz not null,
  preferences_until timestamptz not null,
  rankings_until timestamptz not null,
  closed_at timestamptz,
  decided_at timestamptz,
  rule text,
  code text,
  snapshot bytea,
  snapshot_sha256 text check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  result bytea,
  result_sha256 text check (result_sha256 ~ '^[0-9a-f]{64}$'),
  unique (programme_year, number),
  constraint windows_in_order check (opened_at < preferences_until and preferences_until <= rankings_until),
  constraint closed_has_a_moment check ((state = 'open') = (closed_at is null)),
  constraint decided_has_its_proof check (
    (state = 'decided') = (num_nulls(decided_at, rule, code, snapshot, snapshot_sha256, result, result_sha256) = 0)
  )
);
create unique index one_undecided_round on matching_round (programme_year) where state <> 'decided';

-- Who takes part in a round, and which openings each lists, the one liked best first.
create table preference (
  round text not null references matching_round,
  student text not null references student,
  openings text[] not null default '{}',
  listed_at timestamptz,
  primary key (round, student)
);
create index preference_by_student on preference (student);

-- A company's own order, or scores as decimals in text.
create table ranking (
  round text not null references matching_round,
  opening text not null references opening,
  students text[],
  scores jsonb,
  ranked_at timestamptz not null,
  primary key (round, opening),
  constraint order_or_scores check (num_nonnulls(students, scores) = 1)
);

-- What each student and each company (for an opening) is told about a round.
create table explanation (
  round text not null references matching_round,
  subject text not null,
  told jsonb not null,
  primary key (round, subject)
);

create table offer (
  id text primary key,
  programme_year integer not null,
  round text not null references matching_round,
  student text not null references student,
  employment_class text not null references employment_class,
  opening text not null references opening,
  preference integer not null check (preference > 0),
  state text not null check (state in ('offered', 'accepted', 'declined', 'expired')),
  offered_at timestamptz not null,
  expires_at timestamptz not null,
  answered_at timestamptz,
  unique (round, student),
  constraint answered_has_a_moment check ((state = 'offered') = (answered_at is null))
);
create unique index one_open_offer on offer (student) where state = 'offered';
create index offer_to_expire on offer (expires_at) where state = 'offered';
create index offer_by_opening on offer (opening);

-- Drafted when an offer is accepted or an officer records a placement by hand, in force when all three signed.
create table tripartite_agreement (
  id text primary key,
  programme_year integer not null,
  student text not null references student,
  school text not null references school,
  employment_class text not null references employment_class,
  company text not null references company,
  opening text not null references opening,
  offer text unique references offer,
  route text not null check (route in ('matching', 'officer')),
  reason text,
  state text not null check (state in ('drafted', 'in_force')),
  drafted_at timestamptz not null,
  student_signed_at timestamptz,
  school_signed_at timestamptz,
  company_signed_at timestamptz,
  constraint by_offer_or_by_hand check (
    (route = 'matching') = (offer is not null) and (route = 'officer') = (reason is not null)
  ),
  constraint in_force_when_all_signed check (
    (state = 'in_force') = (num_nulls(student_signed_at, school_signed_at, company_signed_at) = 0)
  )
);
create unique index one_open_draft on tripartite_agreement (student) where state = 'drafted';
create index tripartite_by_class on tripartite_agreement (employment_class, state);
create index tripartite_by_company on tripartite_agreement (company, state);
create index tripartite_by_student on tripartite_agreement (student);
create index tripartite_by_opening on tripartite_agreement (opening);

create table placement (
  id text primary key,
  programme_year integer not null,
  student text not null references student,
  school text not null references school,
  employment_class text not null references employment_class,
  company text not null references company,
  opening text not null references opening,
  agreement text not null unique references tripartite_agreement,
  state text not null check (state in ('active', 'ended')),
  placed_at timestamptz not null,
  ended_at timestamptz,
  ended_reason text,
  constraint ended_has_moment_and_reason check (
    (state = 'ended') = (ended_at is not null) and (state = 'ended') = (ended_reason is not null)
  )
);
create unique index one_active_placement on placement (student) where state = 'active';
create index placement_by_opening on placement (opening);
create index placement_by_year on placement (programme_year, state);

-- migrate:down
drop table placement, tripartite_agreement, offer, explanation, ranking, preference, matching_round, opening,
  enrolment, student, class_company, employment_class, bipartite_agreement, company, final_result, participation,
  school, programme_year;
