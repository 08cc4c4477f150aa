-- generated from the contract of plant_results: run `make docs`
-- `plant_results` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    plant,
    zone,
    sum(resolution_minutes) / 60.0 as hours,
    sum(expected_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as expected_mw,
    sum(output_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as output_mw,
    sum(output_mwh order by delivery_start) as output_mwh,
    sum(price_da_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_da_eur_mwh,
    sum(price_second_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_second_eur_mwh,
    sum(physical_eur order by delivery_start) as physical_eur,
    sum(deviation_eur order by delivery_start) as deviation_eur,
    sum(pnl_eur order by delivery_start) as pnl_eur
from {{ ref('plant_results') }}
group by delivery_day, plant, zone
