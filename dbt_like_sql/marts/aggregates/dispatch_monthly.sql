-- generated from the contract of dispatch: run `make docs`
-- `dispatch_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    zone,
    asset,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(charge_mw * hours order by delivery_day) / sum(case when charge_mw is not null then hours end order by delivery_day) as charge_mw,
    sum(discharge_mw * hours order by delivery_day) / sum(case when discharge_mw is not null then hours end order by delivery_day) as discharge_mw,
    sum(net_mw * hours order by delivery_day) / sum(case when net_mw is not null then hours end order by delivery_day) as net_mw,
    sum(price_forecast_eur_mwh * hours order by delivery_day) / sum(case when price_forecast_eur_mwh is not null then hours end order by delivery_day) as price_forecast_eur_mwh,
    sum(energy_value_eur_mwh * hours order by delivery_day) / sum(case when energy_value_eur_mwh is not null then hours end order by delivery_day) as energy_value_eur_mwh,
    sum(revenue_forecast_eur order by delivery_day) as revenue_forecast_eur,
    sum(price_day_ahead_eur_mwh * hours order by delivery_day) / sum(case when price_day_ahead_eur_mwh is not null then hours end order by delivery_day) as price_day_ahead_eur_mwh,
    sum(revenue_realised_eur order by delivery_day) as revenue_realised_eur
from {{ ref('dispatch_daily') }}
group by cast(date_trunc('month', delivery_day) as date), zone, asset
