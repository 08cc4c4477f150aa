-- generated from the contract of dispatch: run `make docs`
-- `dispatch` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    asset,
    sum(resolution_minutes) / 60.0 as hours,
    sum(charge_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as charge_mw,
    sum(discharge_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as discharge_mw,
    sum(net_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as net_mw,
    sum(price_forecast_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_forecast_eur_mwh,
    case when count(energy_value_eur_mwh) = count(*) then sum(energy_value_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as energy_value_eur_mwh,
    sum(revenue_forecast_eur order by delivery_start) as revenue_forecast_eur,
    case when count(price_day_ahead_eur_mwh) = count(*) then sum(price_day_ahead_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as price_day_ahead_eur_mwh,
    case when count(revenue_realised_eur) = count(*) then sum(revenue_realised_eur order by delivery_start) end as revenue_realised_eur
from {{ ref('dispatch') }}
group by delivery_day, zone, asset
