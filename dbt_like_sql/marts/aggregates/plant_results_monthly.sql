-- generated from the contract of plant_results: run `make docs`
-- `plant_results_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    plant,
    zone,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(expected_mw * hours order by delivery_day) / sum(case when expected_mw is not null then hours end order by delivery_day) as expected_mw,
    sum(output_mw * hours order by delivery_day) / sum(case when output_mw is not null then hours end order by delivery_day) as output_mw,
    sum(output_mwh order by delivery_day) as output_mwh,
    sum(price_da_eur_mwh * hours order by delivery_day) / sum(case when price_da_eur_mwh is not null then hours end order by delivery_day) as price_da_eur_mwh,
    sum(price_second_eur_mwh * hours order by delivery_day) / sum(case when price_second_eur_mwh is not null then hours end order by delivery_day) as price_second_eur_mwh,
    sum(physical_eur order by delivery_day) as physical_eur,
    sum(deviation_eur order by delivery_day) as deviation_eur,
    sum(pnl_eur order by delivery_day) as pnl_eur
from {{ ref('plant_results_daily') }}
group by cast(date_trunc('month', delivery_day) as date), plant, zone
