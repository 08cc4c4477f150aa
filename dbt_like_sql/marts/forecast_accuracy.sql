{{ config(materialized='table', schema='marts') }}

-- Each market's own local hour is not known to the lake; the hour is UTC.
with pairs as (
    select
        f.target_day as delivery_day,
        f.zone,
        f.model,
        f.horizon_days,
        date_trunc('month', f.target_day)::date as month,
        extract(hour from f.delivery_start)::integer as hour_utc,
        f.price_eur_mwh - p.price_day_ahead_eur_mwh as error_eur_mwh,
        p.price_day_ahead_eur_mwh between f.q05_eur_mwh and f.q95_eur_mwh as inside_90
    from {{ ref('stg_price_forecasts') }} as f
    inner join {{ ref('prices') }} as p
        on p.zone = f.zone and p.delivery_start = f.delivery_start
    where f.price_kind = 'day_ahead' and p.price_day_ahead_eur_mwh is not null
)

select
    delivery_day,
    zone,
    model,
    horizon_days,
    month,
    hour_utc,
    count(error_eur_mwh)::integer as intervals,
    avg(abs(error_eur_mwh)) as mae_eur_mwh,
    avg(error_eur_mwh) as bias_eur_mwh,
    avg(inside_90::integer) as coverage_90
from pairs
group by all
order by all
