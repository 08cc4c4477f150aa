-- Statistics of the desk's own day-ahead prices (level) and of their changes against the day before (change), by zone and UTC hour:
-- moments, share below zero, autocorrelation at one day and one week, and Engle's LM of one lag (above 3.84: volatility comes in clusters,
-- at 5 %). EUR/MWh where a column says so; correlations need 20 pairs.
with hourly as (
    select
        delivery_day,
        zone,
        extract(hour from delivery_start)::integer as hour_utc,
        avg(price_day_ahead_eur_mwh) as price
    from marts.prices
    where price_day_ahead_eur_mwh is not null
    group by all
),

dated as (
    select
        h.*,
        y.price as yesterday
    from hourly as h
    left join hourly as y
        on y.zone = h.zone and y.hour_utc = h.hour_utc and y.delivery_day = h.delivery_day - 1
),

series as (
    select delivery_day, zone, hour_utc, 'level' as series, price as x from dated
    union all
    select delivery_day, zone, hour_utc, 'change' as series, price - yesterday as x from dated where yesterday is not null
),

centred as (
    select
        *,
        (x - avg(x) over (partition by zone, hour_utc, series)) ** 2 as square
    from series
),

lagged as (
    select
        c.*,
        d.x as x_1,
        d.square as square_1,
        w.x as x_7
    from centred as c
    left join centred as d
        on d.zone = c.zone and d.hour_utc = c.hour_utc and d.series = c.series and d.delivery_day = c.delivery_day - 1
    left join centred as w
        on w.zone = c.zone and w.hour_utc = c.hour_utc and w.series = c.series and w.delivery_day = c.delivery_day - 7
)

select
    zone,
    hour_utc,
    series,
    count(*)::integer as days,
    avg(x) as mean_eur_mwh,
    stddev_samp(x) as deviation_eur_mwh,
    min(x) as lowest_eur_mwh,
    max(x) as highest_eur_mwh,
    avg((x < 0)::integer) as negative_share,
    case when count(*) >= 3 and min(x) < max(x) then skewness(x) end as skewness,
    case when count(*) >= 4 and min(x) < max(x) then kurtosis(x) end as excess_kurtosis,
    case when count(x_1) >= 20 and min(x) < max(x) then corr(x, x_1) end as acf_1,
    case when count(x_7) >= 20 and min(x) < max(x) then corr(x, x_7) end as acf_7,
    case when count(square_1) >= 20 and min(x) < max(x) then count(square_1) * corr(square, square_1) ** 2 end as arch_lm_1
from lagged
group by zone, hour_utc, series
order by zone, hour_utc, series
