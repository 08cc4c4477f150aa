-- generated from the contract of objective_scores: change energy_pipeline/contracts, then run `make docs`
-- Every rival over the settled days up to D (at most 60): result, risk and regret with block-bootstrap intervals.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    objective_name,
    days,
    pnl_eur,
    mean_pnl_eur,
    volatility_eur,
    cvar_eur,
    mean_regret_eur,
    mean_regret_low_eur,
    mean_regret_high_eur,
    desk_ahead_eur,
    desk_ahead_low_eur,
    desk_ahead_high_eur
from {{ ref('stg_objective_scores') }}
