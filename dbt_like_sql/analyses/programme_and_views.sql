-- What did the hedge programme and the views beside it earn a month, apart? EUR; trades at a declared proxy quote stand in their own row.
select
    zone, date_trunc('month', delivery_day)::date as month, is_proxy, count(distinct delivery_day) as days,
    sum(programme_eur) as programme_eur, sum(view_eur) as view_eur
from marts.view_results
group by all
order by zone, month, is_proxy
