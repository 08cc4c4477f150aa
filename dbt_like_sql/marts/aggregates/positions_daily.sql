-- generated from the contract of positions: run `make docs`
-- `positions` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    instrument,
    sum(resolution_minutes) / 60.0 as hours,
    sum(position_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as position_mw,
    sum(opening_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as opening_mw,
    sum(traded_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as traded_mw,
    sum(position_mwh order by delivery_start) as position_mwh,
    sum(traded_mwh order by delivery_start) as traded_mwh,
    case when count(expected_output_mw) = count(*) then sum(expected_output_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) end as expected_output_mw,
    sum(lower_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as lower_mw,
    sum(upper_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as upper_mw,
    sum(reference_price_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as reference_price_eur_mwh,
    sum(half_spread_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as half_spread_eur_mwh
from {{ ref('positions') }}
group by delivery_day, zone, instrument
