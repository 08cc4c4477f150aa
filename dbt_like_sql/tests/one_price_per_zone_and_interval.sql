-- Latest vintage means one: a zone has each interval once.
select zone, delivery_start, count(*) as rows_found
from {{ ref('prices') }}
group by zone, delivery_start
having count(*) > 1
