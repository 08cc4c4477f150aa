-- generated from the contract of fleet_output: run `make docs`
-- `fleet_output` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    fleet_level,
    name,
    technology,
    sum(resolution_minutes) / 60.0 as hours,
    sum(output_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as output_mw,
    sum(output_mwh order by delivery_start) as output_mwh,
    sum(held_back_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as held_back_mw,
    case when count(capacity_mw) = count(*) then sum(capacity_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as capacity_mw
from {{ ref('fleet_output') }}
group by delivery_day, fleet_level, name, technology
