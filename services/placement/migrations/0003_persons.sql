-- migrate:up

-- The only place that says who a student is, sealed (chassis.keyring); everything else knows the pseudonym.
create table person (
  student text primary key references student,
  name bytea not null,
  birth_date bytea not null,
  written_at timestamptz not null,
  constraint sealed_under_one_key check (
    substring(name from 2 for 8) = substring(birth_date from 2 for 8)
  )
);
create index person_by_key on person (encode(substring(name from 2 for 8), 'hex'));

-- With the person goes the school's own code, the other way back to who it was.
alter table student
  alter column reference drop not null,
  add column erased_at timestamptz,
  add column erased_reason text,
  -- Who asks to be forgotten waits until nothing needs the person.
  add column erasure_asked_at timestamptz,
  add column erasure_reason text,
  add constraint asked_with_moment_and_reason check (
    (erasure_asked_at is null) = (erasure_reason is null)
  ),
  add constraint erased_has_moment_and_reason check (
    (erased_at is null) = (reference is not null) and (erased_at is null) = (erased_reason is null)
  );

create index erasure_to_do on student (erasure_asked_at, id)
  where erasure_asked_at is not null and erased_at is null;

-- What still needs to know who a student is: each is undecided, or goes on.
create view ground_to_know as
  select student, 'placement_active' as ground from placement where state = 'active'
  union all select student, 'agreement_unsigned' from tripartite_agreement where state = 'drafted'
  union all select student, 'offer_unanswered' from offer where state = 'offered'
  union all
    select p.student, 'round_undecided' from preference p
    join matching_round r on r.id = p.round and r.state <> 'decided'
    join enrolment e on e.student = p.student and e.programme_year = r.programme_year and e.state = 'active'
  union all
    select e.student, 'class_open' from enrolment e
    join employment_class c on c.id = e.employment_class and c.state = 'open'
    where e.state = 'active';

-- What a student did last, and all of it.
create index enrolment_by_student on enrolment (student, id desc);
create index offer_by_student on offer (student, id);

-- How many of a class have an offer to answer.
create index offer_open_by_class on offer (employment_class) where state = 'offered';

-- migrate:down
drop index offer_open_by_class, offer_by_student, enrolment_by_student, erasure_to_do;
drop view ground_to_know;
drop table person;
delete from student where reference is null;
alter table student
  drop column erased_at, drop column erased_reason, drop column erasure_asked_at, drop column erasure_reason,
  alter column reference set not null;
