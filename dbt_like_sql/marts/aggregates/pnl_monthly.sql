-- generated from the contract of pnl: run `make docs`
-- `pnl_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    zone,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(price_da_eur_mwh * hours order by delivery_day) / sum(case when price_da_eur_mwh is not null then hours end order by delivery_day) as price_da_eur_mwh,
    sum(price_second_eur_mwh * hours order by delivery_day) / sum(case when price_second_eur_mwh is not null then hours end order by delivery_day) as price_second_eur_mwh,
    sum(sold_mw * hours order by delivery_day) / sum(case when sold_mw is not null then hours end order by delivery_day) as sold_mw,
    sum(expected_output_mw * hours order by delivery_day) / sum(case when expected_output_mw is not null then hours end order by delivery_day) as expected_output_mw,
    sum(output_mw * hours order by delivery_day) / sum(case when output_mw is not null then hours end order by delivery_day) as output_mw,
    sum(physical_eur order by delivery_day) as physical_eur,
    sum(deviation_eur order by delivery_day) as deviation_eur,
    sum(speculative_eur order by delivery_day) as speculative_eur,
    sum(imbalance_fee_eur order by delivery_day) as imbalance_fee_eur,
    sum(hedge_eur order by delivery_day) as hedge_eur,
    sum(hedge_proxy_eur order by delivery_day) as hedge_proxy_eur,
    sum(costs_eur order by delivery_day) as costs_eur,
    sum(total_eur order by delivery_day) as total_eur,
    sum(headline_eur order by delivery_day) as headline_eur,
    sum(held_h order by delivery_day) as held_h,
    sum(acted_mw * hours order by delivery_day) / sum(case when acted_mw is not null then hours end order by delivery_day) as acted_mw
from {{ ref('pnl_daily') }}
group by cast(date_trunc('month', delivery_day) as date), zone
