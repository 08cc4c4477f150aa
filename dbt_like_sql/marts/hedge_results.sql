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
