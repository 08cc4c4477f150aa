-- generated from the contract of risk_contributions: change energy_pipeline/contracts, then run `make docs`
-- Euler contributions to the book's risk; within a measure, level and kind they add up to it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    measure,
    level,
    component_kind,
    component,
    contribution_eur,
    share_of_total,
    incremental_eur,
    marginal_eur_mw
from {{ ref('stg_risk_contributions') }}
