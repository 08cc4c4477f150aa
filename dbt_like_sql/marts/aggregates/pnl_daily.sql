-- generated from the contract of pnl: run `make docs`
-- `pnl` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    sum(resolution_minutes) / 60.0 as hours,
    sum(price_da_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_da_eur_mwh,
    sum(price_second_eur_mwh * resolution_minutes order by delivery_start) / sum(resolution_minutes) as price_second_eur_mwh,
    sum(sold_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as sold_mw,
    sum(expected_output_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as expected_output_mw,
    sum(output_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as output_mw,
    sum(physical_eur order by delivery_start) as physical_eur,
    sum(deviation_eur order by delivery_start) as deviation_eur,
    sum(speculative_eur order by delivery_start) as speculative_eur,
    sum(imbalance_fee_eur order by delivery_start) as imbalance_fee_eur,
    sum(hedge_eur order by delivery_start) as hedge_eur,
    sum(hedge_proxy_eur order by delivery_start) as hedge_proxy_eur,
    sum(costs_eur order by delivery_start) as costs_eur,
    sum(total_eur order by delivery_start) as total_eur,
    sum(headline_eur order by delivery_start) as headline_eur,
    sum(held_h order by delivery_start) as held_h,
    sum(acted_mw * resolution_minutes order by delivery_start) / sum(resolution_minutes) as acted_mw
from {{ ref('pnl') }}
group by delivery_day, zone
