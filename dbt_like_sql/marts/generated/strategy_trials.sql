-- generated from the contract of strategy_trials: change energy_pipeline/contracts, then run `make docs`
-- Every trial of a strategy's rule that was known at the decision; alike ones count once in the deflation.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    strategy,
    identity,
    known_at,
    rule,
    parameters,
    zone,
    first_day,
    last_day,
    data,
    days,
    sharpe_daily,
    alike
from {{ ref('stg_strategy_trials') }}
