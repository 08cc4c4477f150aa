-- generated from the contract of prices: run `make docs`
-- `prices` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    sum(resolution_minutes) / 60.0 as hours,
    sum(price_day_ahead_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_day_ahead_eur_mwh,
    case when count(price_intraday_eur_mwh) = count(*) then sum(price_intraday_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as price_intraday_eur_mwh,
    case when count(price_imbalance_eur_mwh) = count(*) then sum(price_imbalance_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as price_imbalance_eur_mwh
from {{ ref('prices') }}
group by delivery_day, zone
