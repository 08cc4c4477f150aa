-- generated from the contract of plant_output: run `make docs`
-- `plant_output_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    zone,
    plant,
    technology,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(forecast_mw * hours order by delivery_day) / sum(case when forecast_mw is not null then hours end order by delivery_day) as forecast_mw,
    sum(available_mw * hours order by delivery_day) / sum(case when available_mw is not null then hours end order by delivery_day) as available_mw,
    sum(metered_mw * hours order by delivery_day) / sum(case when metered_mw is not null then hours end order by delivery_day) as metered_mw,
    sum(capacity_mw * hours order by delivery_day) / sum(case when capacity_mw is not null then hours end order by delivery_day) as capacity_mw
from {{ ref('plant_output_daily') }}
group by cast(date_trunc('month', delivery_day) as date), zone, plant, technology
