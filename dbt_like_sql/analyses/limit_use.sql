-- How full is each limit, on average and at worst, and on how many days was it amber or red?
select
    limit_name, scope, count(*) as days, avg(use_share) as mean_use_share, max(use_share) as worst_use_share,
    max_by(delivery_day, use_share) as worst_day,
    count(*) filter (status = 'amber') as amber_days,
    count(*) filter (status = 'red') as red_days
from marts.limits
group by limit_name, scope
order by worst_use_share desc, limit_name, scope
