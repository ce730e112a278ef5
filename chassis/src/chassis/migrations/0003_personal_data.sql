-- migrate:up

-- Which keys values here were sealed with. Whoever seals share-locks its key's row until the commit, and a
-- key is retired under a lock of its own: so no value is written with a key that is gone a moment later.
create table messaging.encryption_key (
  id text primary key check (id ~ '^[0-9a-f]{16}$'),
  first_used_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz
);

-- Who read whose personal data: account, time, origin, person, action, as Korea's standard for the safety of
-- personal data asks (개인정보의 안전성 확보조치 기준, 제8조).
create table messaging.access (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  programme_at timestamptz not null default public.programme_clock(),
  account text not null,
  role text not null,
  party text,
  origin text not null,
  person text not null,
  action text not null,
  reason text,
  correlation text
);
create index access_by_person on messaging.access (person, id desc);
create index access_by_account on messaging.access (account, id desc);
create index access_by_age on messaging.access using brin (at);

-- Append-only, as the audit log is.
select messaging.append_only('access');

-- The way by which a row leaves the log: as its owner, once it is old. The standard asks for a year, or for two
-- where 50,000 persons or their registration numbers are held (제8조); what is younger nobody lets go of here.
create function messaging.forget_accesses(kept interval, at_most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare forgotten integer;
begin
  if now() - kept > now() - interval '1 year' then
    raise check_violation using message = 'who read whose data is kept for a year at least';
  end if;
  delete from messaging.access where id = any(array(
    select id from messaging.access where at < clock_timestamp() - kept
    limit at_most for update skip locked));
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
revoke execute on function messaging.forget_accesses(interval, integer) from public;

-- migrate:down
drop function messaging.forget_accesses(interval, integer);
drop table messaging.access, messaging.encryption_key;
