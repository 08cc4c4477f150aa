-- generated from the contract of positions: run `make docs`
-- `positions_daily` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out.
{{ config(materialized='table', schema='marts') }}

select
    cast(date_trunc('month', delivery_day) as date) as delivery_month,
    zone,
    instrument,
    count(delivery_day) as days,
    sum(hours order by delivery_day) as hours,
    sum(position_mw * hours order by delivery_day) / sum(case when position_mw is not null then hours end order by delivery_day) as position_mw,
    sum(opening_mw * hours order by delivery_day) / sum(case when opening_mw is not null then hours end order by delivery_day) as opening_mw,
    sum(traded_mw * hours order by delivery_day) / sum(case when traded_mw is not null then hours end order by delivery_day) as traded_mw,
    sum(position_mwh order by delivery_day) as position_mwh,
    sum(traded_mwh order by delivery_day) as traded_mwh,
    sum(expected_output_mw * hours order by delivery_day) / sum(case when expected_output_mw is not null then hours end order by delivery_day) as expected_output_mw,
    sum(lower_mw * hours order by delivery_day) / sum(case when lower_mw is not null then hours end order by delivery_day) as lower_mw,
    sum(upper_mw * hours order by delivery_day) / sum(case when upper_mw is not null then hours end order by delivery_day) as upper_mw,
    sum(reference_price_eur_mwh * hours order by delivery_day) / sum(case when reference_price_eur_mwh is not null then hours end order by delivery_day) as reference_price_eur_mwh,
    sum(half_spread_eur_mwh * hours order by delivery_day) / sum(case when half_spread_eur_mwh is not null then hours end order by delivery_day) as half_spread_eur_mwh
from {{ ref('positions_daily') }}
group by cast(date_trunc('month', delivery_day) as date), zone, instrument
