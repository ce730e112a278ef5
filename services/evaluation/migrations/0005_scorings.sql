-- migrate:up

-- What totals were worked out from, and the totals, as the exact canonical bytes that were hashed; anew
-- whenever they came out otherwise. Reviewers stand in them under pseudonyms made with the year's salt.
create table scoring_salt (
  year integer primary key references programme_year,
  salt text not null
);
create table scoring (
  year integer not null references programme_year,
  version integer not null check (version > 0),
  snapshot bytea not null,
  snapshot_sha256 text not null check (snapshot_sha256 ~ '^[0-9a-f]{64}$'),
  result bytea not null,
  result_sha256 text not null check (result_sha256 ~ '^[0-9a-f]{64}$'),
  rule text not null,
  code text not null,
  worked_out_at timestamptz not null,
  primary key (year, version)
);

-- migrate:down
drop table scoring, scoring_salt;
