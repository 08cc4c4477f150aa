-- Results over the last 30, 90 and 365 days of each settled day: money, volatility, yearly Sharpe ratio (null under 20 days), win rate,
-- fall from the highest sum so far, and what was added to the benchmark. EUR; hedges at declared proxy quotes are left out.
with running as (
    select *, sum(result_eur) over (partition by scope, name order by delivery_day) as wealth_eur
    from marts.performance_days
),

fallen as (
    select *, greatest(max(wealth_eur) over (partition by scope, name order by delivery_day), 0.0) - wealth_eur as drawdown_eur
    from running
),

rolling as (
    select
        f.scope,
        f.name,
        w.window_days,
        f.delivery_day,
        f.drawdown_eur,
        count(*) as days,
        sum(p.result_eur) as result_eur,
        avg(p.result_eur) as expectancy_eur,
        stddev_samp(p.result_eur) as volatility_eur,
        avg((p.result_eur > 0)::integer) as win_rate,
        sum(p.result_eur - p.benchmark_eur) as added_eur
    from fallen as f
    cross join (values (30), (90), (365)) as w(window_days)
    inner join fallen as p
        on p.scope = f.scope and p.name = f.name and p.delivery_day between f.delivery_day - w.window_days + 1 and f.delivery_day
    group by all
)

select *, case when days >= 20 and volatility_eur > 0 then expectancy_eur / volatility_eur * sqrt(365.0) end as sharpe
from rolling
order by scope, name, window_days, delivery_day
