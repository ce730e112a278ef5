"""A matching round in a database of placement, written by SQL alone: simulated, and the same for every run.

Where a service's own commands would take minutes to come to such a state, this takes a second or two.
"""

from typing import Final

import asyncpg

ROUND: Final = "mat_1"
YEAR: Final = 2025
LOT_SOURCE: Final = "simulated drawing"

_PER_CLASS: Final = 20
_CLASSES: Final = 5
"""A school."""
_OPENINGS: Final = 4
"""A company."""
_PARTNERS: Final = 40
"""Companies a school has agreements with."""
_LISTED: Final = 10

_ORGANISATIONS: Final = f"""
insert into programme_year (year, class_min_size, class_max_size, offer_days, rounds, preferences_at_most)
values ({YEAR}, 1, {_PER_CLASS}, 7, 2, {_LISTED});

insert into school (id, name_ko, name_en, province, registered)
select format('sch_%s', n), format('모의%s공업고등학교', n), format('Simulated High School %s', n), 'seoul',
  true
from generate_series(0, (select schools - 1 from size)) n;

insert into participation (programme_year, school, state, designations, since)
select {YEAR}, id, 'selected', '{{}}', '2025-04-01Z' from school;

insert into company (id, registration_number, name_ko, name_en, province, industry, employees, state,
  registered_by, registered_at, approved_at, sme_status)
select format('cmp_%s', n), lpad(n::text, 10, '0'), format('모의%s정밀', n),
  format('Simulated Precision %s', n), 'seoul', 'machinery', 30, 'approved', 'filling', '2025-04-01Z',
  '2025-04-02Z', 'small'
from generate_series(0, (select companies - 1 from size)) n;

insert into bipartite_agreement (id, programme_year, school, company, state, starts_on, ends_on, proposed_by,
  proposed_at, school_signed_at, company_signed_at)
select format('agr_%s_%s', s, p), {YEAR}, format('sch_%s', s), format('cmp_%s', (s * 7 + p) % companies),
  'in_force', '2025-01-01', '2030-12-31', 'school', '2025-04-03Z', '2025-04-03Z', '2025-04-04Z'
from size, generate_series(0, schools - 1) s, generate_series(0, least({_PARTNERS}, companies) - 1) p;

insert into employment_class (id, programme_year, school, track, field, capacity, enrolled, starts_on,
  ends_on, state, opened_at, hours)
select format('cls_%s_%s', s, c), {YEAR}, format('sch_%s', s), 'general', 'smart_factory', {_PER_CLASS},
  {_PER_CLASS}, '2025-05-01', '2025-12-31', 'open', '2025-05-01Z', 300
from size, generate_series(0, schools - 1) s, generate_series(1, {_CLASSES}) c;
"""

_MARKET: Final = f"""
insert into student (id, school, reference)
select format('stu_%s', n), format('sch_%s', n / {_PER_CLASS * _CLASSES}), format('simulated-%s', n)
from size, generate_series(0, students - 1) n;

insert into enrolment (student, employment_class, programme_year, state, enrolled_at)
select format('stu_%s', n),
  format('cls_%s_%s', n / {_PER_CLASS * _CLASSES}, 1 + n % {_PER_CLASS * _CLASSES} / {_PER_CLASS}), {YEAR},
  'active', '2025-05-02Z'
from size, generate_series(0, students - 1) n;

insert into opening (id, programme_year, company, field, title, province, wage_krw_per_hour, hours_per_week,
  starts_on, places, state, published_at, address, hours_per_day, works_from, works_until)
select format('opn_%s', n), {YEAR}, format('cmp_%s', n / {_OPENINGS}), 'smart_factory', '설비 보전 (모의)',
  'seoul', 10500, 35, '2026-01-05', 1 + n % 4, 'published', '2025-09-01Z', '서울 (모의)', 7, '09:00', '17:00'
from size, generate_series(0, openings - 1) n;

insert into matching_round (id, programme_year, number, state, lot_source, opened_at, preferences_until,
  rankings_until, closed_at)
values ('{ROUND}', {YEAR}, 1, 'closed', '{LOT_SOURCE}', '2025-09-25Z', '2025-10-10Z', '2025-10-17Z',
  '2025-10-18Z');

-- Wishes are drawn from what the school's agreements reach; some openings are liked by many.
insert into preference (round, student, openings, listed_at)
select '{ROUND}', s.id, wished.openings, '2025-10-01Z'
from student s cross join lateral (
  select coalesce(array_agg(id), '{{}}') as openings from (
    select o.id from opening o
    join bipartite_agreement a on a.company = o.company and a.school = s.school
    order by abs(hashtext(s.id || o.id)) / 1e9 * (1 + abs(hashtext(o.id)) % 4) limit {_LISTED}
  ) liked
) wished;

-- Every other opening is ranked by points, which leave much to the lot; one listing in twenty is not wanted.
insert into ranking (round, opening, students, scores, ranked_at)
select '{ROUND}', opening,
  case when by_order then array_agg(student order by md5(opening || student)) end,
  case when not by_order
    then jsonb_object_agg(student, (60 + abs(hashtext(student || opening)) % 20)::text) end,
  '2025-10-12Z'
from (
  select opening, p.student, hashtext(opening) % 2 = 0 as by_order
  from preference p cross join unnest(p.openings) as opening
  where abs(hashtext(opening || p.student)) % 20 > 0
) wanted
group by opening, by_order;
"""


async def fill(owner_url: str, *, students: int, openings: int) -> None:
    """Write a closed round with so many students and openings into an empty, migrated database."""
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(
            f"""
            create temporary table size as select {students} as students, {openings} as openings,
              {-(-students // (_PER_CLASS * _CLASSES))} as schools, {-(-openings // _OPENINGS)} as companies
            """
        )
        await owner.execute(_ORGANISATIONS)
        await owner.execute(_MARKET)
        await owner.execute("drop table size; analyze")
    finally:
        await owner.close()
