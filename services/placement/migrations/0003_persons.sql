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
  add constraint erased_has_moment_and_reason check (
    (erased_at is null) = (reference is not null) and (erased_at is null) = (erased_reason is null)
  );

-- What a student did last, and all of it.
create index enrolment_by_student on enrolment (student, id desc);
create index offer_by_student on offer (student, id);

-- How many of a class have an offer to answer.
create index offer_open_by_class on offer (employment_class) where state = 'offered';

-- migrate:down
drop index offer_open_by_class, offer_by_student, enrolment_by_student;
drop table person;
delete from student where reference is null;
alter table student
  drop column erased_at, drop column erased_reason, alter column reference set not null;
