-- generated from the contract of right_decisions: change energy_pipeline/contracts, then run `make docs`
-- Every right of the desk, used or kept: its payoff on the forecast, its cost, and what keeping it is worth.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    kind,
    quantity_mwh,
    considered_mwh,
    payoff_eur,
    cost_eur,
    keeping_eur,
    is_exercised,
    is_forced,
    kept_eur,
    why
from {{ ref('stg_right_decisions') }}
