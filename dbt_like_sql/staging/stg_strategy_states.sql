-- generated from the contract of strategy_states: change energy_pipeline/contracts, then run `make docs`
-- Whether each strategy's own record, as known at the decision, lets it trade, and how much.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    strategy,
    zone,
    label,
    state,
    since,
    size,
    allocation_share,
    why,
    way_back,
    record_first_day,
    record_last_day,
    days,
    gross_eur,
    cost_eur,
    net_eur,
    t,
    probability,
    trials,
    drawdown_eur,
    stop_eur,
    record_of
from {{ source('lake', 'strategy_states') }}
