-- generated from the contract of hedge_results: change energy_pipeline/contracts, then run `make docs`
-- What the contracts took off the risk of the settled days up to D (at most 60), and what they cost.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    days,
    volatility_unhedged_eur,
    volatility_hedged_eur,
    variance_effectiveness,
    cvar_unhedged_eur,
    cvar_hedged_eur,
    cvar_effectiveness,
    premium_eur
from {{ ref('stg_hedge_results') }}
