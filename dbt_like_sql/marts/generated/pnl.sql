-- generated from the contract of pnl: change energy_pipeline/contracts, then run `make docs`
-- P&L of the settled day per zone and interval, in legs that add up to the cent.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    price_da_eur_mwh,
    price_second_eur_mwh,
    second_price_kind,
    sold_mw,
    expected_output_mw,
    output_mw,
    physical_eur,
    deviation_eur,
    speculative_eur,
    imbalance_fee_eur,
    hedge_eur,
    hedge_proxy_eur,
    costs_eur,
    total_eur,
    headline_eur,
    settled_as_of,
    is_estimated,
    held_h,
    acted_mw
from {{ ref('stg_pnl') }}
