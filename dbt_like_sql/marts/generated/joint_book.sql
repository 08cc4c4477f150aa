-- generated from the contract of joint_book: change energy_pipeline/contracts, then run `make docs`
-- Hedges and flexible assets decided together against value first, then hedge; both judged on scenarios neither was made on.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    answer,
    accepted,
    objective_eur,
    expected_pnl_eur,
    cvar_eur,
    bound_eur,
    objective_fresh_eur,
    expected_pnl_fresh_eur,
    cvar_fresh_eur,
    advantage_eur,
    advantage_error_eur,
    risk_aversion,
    confidence,
    scenarios,
    rounds,
    policies,
    trades,
    shadow_prices
from {{ ref('stg_joint_book') }}
