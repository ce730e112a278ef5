-- Three years of simulated data: 18,000 students in 900 classes, 6,000 openings.
-- Versions of agreements are left out, and placements not held against them one by one: no dashboard asks.

alter table bipartite_agreement disable trigger user;
alter table tripartite_agreement disable trigger user;
alter table placement disable trigger user;

insert into programme_year (year, class_min_size, class_max_size, offer_days, rounds, preferences_at_most)
select year, 2, 20, 7, 2, 10 from generate_series(2023, 2025) as year;

insert into school (id, name_ko, province, registered)
select format('sch_%s', n), format('모의%s공업고등학교', n),
  (array['seoul', 'busan', 'daegu', 'incheon', 'gwangju', 'daejeon', 'ulsan', 'sejong', 'gyeonggi',
    'gangwon', 'chungbuk', 'chungnam', 'jeonbuk', 'jeonnam', 'gyeongbuk', 'gyeongnam', 'jeju'])[1 + n % 17],
  true
from generate_series(0, 179) as n;

insert into company (id, registration_number, name_ko, province, industry, employees, state, registered_by,
  registered_at, approved_at, sme_status)
select format('cmp_%s', n), lpad(n::text, 10, '0'), format('모의%s정밀', n),
  (select province from school where id = format('sch_%s', n % 180)), 'machinery', 35,
  case when n % 50 = 0 then 'registered' else 'approved' end, 'simulated', '2023-01-02T00:00:00Z',
  case when n % 50 = 0 then null else '2023-01-03T00:00:00Z'::timestamptz end, 'small'
from generate_series(0, 1999) as n;

insert into bipartite_agreement (id, programme_year, school, company, state, starts_on, ends_on, proposed_by,
  proposed_at, school_signed_at, company_signed_at)
select format('agr_b%s_%s', y, n), y, format('sch_%s', n % 180), format('cmp_%s', n),
  case when n % 40 = 0 then 'proposed' else 'in_force' end, make_date(y, 3, 1), make_date(y + 1, 2, 28),
  'school', make_timestamptz(y, 2, 1, 0, 0, 0), make_timestamptz(y, 2, 1, 0, 0, 0),
  case when n % 40 = 0 then null else make_timestamptz(y, 2, 2, 0, 0, 0) end
from generate_series(2023, 2025) as y, generate_series(0, 1999) as n;

insert into employment_class (id, programme_year, school, track, field, capacity, enrolled, starts_on, ends_on,
  state, opened_at, hours)
select format('cls_%s_%s', y, n), y, format('sch_%s', n % 180),
  (array['general', 'regional_key_industry', 'work_study', 'new_technology'])[1 + (n / 180 + n) % 4],
  'smart_factory', 20, 20, make_date(y, 5, 1), make_date(y, 12, 31), 'open',
  make_timestamptz(y, 4, 1, 0, 0, 0), 350
from generate_series(2023, 2025) as y, generate_series(0, 299) as n;

insert into student (id, school, reference)
select format('stu_%s_%s', y, n), format('sch_%s', n / 20 % 180), format('%s-%s', y, n)
from generate_series(2023, 2025) as y, generate_series(0, 5999) as n;

insert into enrolment (student, employment_class, programme_year, state, enrolled_at)
select format('stu_%s_%s', y, n), format('cls_%s_%s', y, n / 20), y, 'active',
  make_timestamptz(y, 5, 1, 0, 0, 0)
from generate_series(2023, 2025) as y, generate_series(0, 5999) as n;

insert into opening (id, programme_year, company, field, title, province, wage_krw_per_hour, hours_per_week,
  starts_on, places, held, active, state, published_at, address, hours_per_day, works_from, works_until)
select format('opn_%s_%s', y, n), y, format('cmp_%s', n), 'smart_factory', '설비 보전 (모의)',
  (select province from company where id = format('cmp_%s', n)), 12000, 35, make_date(y + 1, 1, 5), 3, 3,
  case when n % 4 = 0 then 3 else 2 end, case when n % 4 = 0 then 'filled' else 'published' end,
  make_timestamptz(y, 9, 1, 0, 0, 0), '모의로 1', 7, '09:00', '17:00'
from generate_series(2023, 2025) as y, generate_series(0, 1999) as n;

insert into matching_round (id, programme_year, number, state, lot_source, opened_at, preferences_until,
  rankings_until)
select format('mat_%s', y), y, 1, 'open', 'simulated', make_timestamptz(y, 9, 1, 0, 0, 0),
  make_timestamptz(y, 10, 1, 0, 0, 0), make_timestamptz(y, 10, 8, 0, 0, 0)
from generate_series(2023, 2025) as y;

insert into offer (id, programme_year, round, student, employment_class, opening, preference, state, offered_at,
  expires_at, answered_at)
select format('off_%s_%s', y, n), y, format('mat_%s', y), format('stu_%s_%s', y, n),
  format('cls_%s_%s', y, n / 20), format('opn_%s_%s', y, n / 3), 1,
  case when n % 10 = 8 then 'offered' else 'accepted' end, make_timestamptz(y, 10, 10, 0, 0, 0),
  make_timestamptz(y, 10, 18, 0, 0, 0),
  case when n % 10 = 8 then null else make_timestamptz(y, 10, 11, 0, 0, 0) end
from generate_series(2023, 2025) as y, generate_series(0, 5999) as n where n % 10 < 9;

insert into tripartite_agreement (id, programme_year, student, school, employment_class, company, opening, offer,
  route, state, drafted_at, student_signed_at, school_signed_at, company_signed_at, sign_until)
select format('agr_%s_%s', y, n), y, format('stu_%s_%s', y, n), format('sch_%s', n / 20 % 180),
  format('cls_%s_%s', y, n / 20), format('cmp_%s', n / 3), format('opn_%s_%s', y, n / 3),
  format('off_%s_%s', y, n), 'matching', case when n % 10 = 7 then 'drafted' else 'in_force' end,
  make_timestamptz(y, 10, 11, 0, 0, 0), make_timestamptz(y, 10, 11, 0, 0, 0),
  make_timestamptz(y, 10, 12, 0, 0, 0),
  case when n % 10 = 7 then null else make_timestamptz(y, 10, 13, 0, 0, 0) end,
  make_timestamptz(y, 10, 26, 0, 0, 0)
from generate_series(2023, 2025) as y, generate_series(0, 5999) as n where n % 10 < 8;

insert into placement (id, programme_year, student, school, employment_class, company, opening, agreement,
  state, placed_at, ended_at, ended_reason, starts_on, ended_on, end_revision)
select format('plc_%s_%s', y, n), y, format('stu_%s_%s', y, n), format('sch_%s', n / 20 % 180),
  format('cls_%s_%s', y, n / 20), format('cmp_%s', n / 3), format('opn_%s_%s', y, n / 3),
  format('agr_%s_%s', y, n), case when n % 70 = 0 then 'ended' else 'active' end,
  make_timestamptz(y, 10, 13, 0, 0, 0),
  case when n % 70 = 0 then make_timestamptz(y + 1, 3, 1, 0, 0, 0) end,
  case when n % 70 = 0 then 'resignation' end, make_date(y + 1, 1, 5),
  case when n % 70 = 0 then make_date(y + 1, 2, 28) end, case when n % 70 = 0 then 1 else 0 end
from generate_series(2023, 2025) as y, generate_series(0, 5999) as n where n % 10 < 7;

insert into retention_check (placement, months, programme_year, school, company, due_on, state, answer_until,
  revision, retained, source, answered_at)
select p.id, m, p.programme_year, p.school, p.company, (p.starts_on + make_interval(months => m))::date,
  case when said then 'answered' when m = 6 then 'due' else 'scheduled' end,
  (p.starts_on + make_interval(months => m, days => 30)) at time zone 'Asia/Seoul',
  said::integer, case when said then p.state = 'active' end, case when said then 'company' end,
  case when said then (p.starts_on + make_interval(months => m, days => 3)) at time zone 'Asia/Seoul' end
from placement p, unnest(array[6, 12]) as m,
  lateral (select p.programme_year < 2025 and hashtext(p.id) % 20 <> 0 as said) s;

alter table bipartite_agreement enable trigger user;
alter table tripartite_agreement enable trigger user;
alter table placement enable trigger user;

analyze;
