-- migrate:up

-- Who reviews which application at which stage, as evaluation tells; these may read what was submitted.
create table reviewer_access (
  reviewer text not null,
  application text not null,
  stage text not null,
  since timestamptz not null,
  primary key (reviewer, application, stage)
);

-- migrate:down
drop table reviewer_access;
