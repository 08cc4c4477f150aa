-- generated from the contract of plant_output: run `make docs`
-- `plant_output` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    plant,
    technology,
    sum(resolution_minutes) / 60.0 as hours,
    sum(forecast_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as forecast_mw,
    sum(available_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as available_mw,
    case when count(metered_mw) = count(*) then sum(metered_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as metered_mw,
    case when count(capacity_mw) = count(*) then sum(capacity_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as capacity_mw
from {{ ref('plant_output') }}
group by delivery_day, zone, plant, technology
