-- What did each strategy earn a month, after costs? Each day as its newest backtest has it. EUR; null for a study of an index.
with newest as (
    select * from marts.backtest_days
    qualify row_number() over (partition by strategy, result_day order by delivery_day desc) = 1
)
select
    strategy, date_trunc('month', result_day)::date as month, count(*) as days,
    sum(gross_eur) as gross_eur, sum(cost_eur) as cost_eur, sum(net_eur) as net_eur
from newest
group by all
order by strategy, month
