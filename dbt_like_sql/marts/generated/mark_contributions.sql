-- generated from the contract of mark_contributions: change energy_pipeline/contracts, then run `make docs`
-- Euler contributions to mark VaR(h); within a horizon, measure, level and kind they add up to the book's.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    horizon_days,
    measure,
    level,
    component_kind,
    component,
    contribution_eur,
    share_of_total,
    energy_mwh
from {{ ref('stg_mark_contributions') }}
