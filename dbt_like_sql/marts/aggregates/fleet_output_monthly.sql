-- generated from the contract of fleet_output: run `make docs`
-- `fleet_output_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    fleet_level,
    name,
    technology,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(output_mw * hours order by delivery_day) / sum(case when output_mw is not null then hours end order by delivery_day) as output_mw,
    sum(output_mwh order by delivery_day) as output_mwh,
    sum(held_back_mw * hours order by delivery_day) / sum(case when held_back_mw is not null then hours end order by delivery_day) as held_back_mw,
    sum(capacity_mw * hours order by delivery_day) / sum(case when capacity_mw is not null then hours end order by delivery_day) as capacity_mw
from {{ ref('fleet_output_daily') }}
group by cast(date_trunc('month', delivery_day) as date), fleet_level, name, technology
