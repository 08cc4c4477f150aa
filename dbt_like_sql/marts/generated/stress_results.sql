-- generated from the contract of stress_results: change energy_pipeline/contracts, then run `make docs`
-- P&L of the decided book when named things go wrong.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    stress,
    description,
    pnl_eur,
    change_eur,
    redispatch_eur,
    options_eur,
    repriced_change_eur
from {{ ref('stg_stress_results') }}
