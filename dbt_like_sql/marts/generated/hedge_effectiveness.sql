-- generated from the contract of hedge_effectiveness: change energy_pipeline/contracts, then run `make docs`
-- Physical book with its contracts against the physical book alone, over the scenarios of the decision.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    volatility_unhedged_eur,
    volatility_hedged_eur,
    variance_effectiveness,
    cvar_unhedged_eur,
    cvar_hedged_eur,
    cvar_effectiveness,
    premium_eur
from {{ ref('stg_hedge_effectiveness') }}
