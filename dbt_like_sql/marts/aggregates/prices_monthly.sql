-- generated from the contract of prices: run `make docs`
-- `prices_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    zone,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(price_day_ahead_eur_mwh * hours order by delivery_day) / sum(case when price_day_ahead_eur_mwh is not null then hours end order by delivery_day) as price_day_ahead_eur_mwh,
    sum(price_intraday_eur_mwh * hours order by delivery_day) / sum(case when price_intraday_eur_mwh is not null then hours end order by delivery_day) as price_intraday_eur_mwh,
    sum(price_imbalance_eur_mwh * hours order by delivery_day) / sum(case when price_imbalance_eur_mwh is not null then hours end order by delivery_day) as price_imbalance_eur_mwh
from {{ ref('prices_daily') }}
group by cast(date_trunc('month', delivery_day) as date), zone
