-- generated from the contract of backtest_metrics: change energy_pipeline/contracts, then run `make docs`
-- Each strategy over the settled days up to D, net of costs. Index studies carry no Sharpe.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    strategy,
    label,
    days,
    gross_eur,
    cost_eur,
    pnl_eur,
    pnl_day_eur,
    index_points_eur_mwh,
    sharpe,
    sharpe_low,
    sharpe_high,
    deflated_probability,
    trials,
    verdict,
    traded_mwh,
    orders,
    cost_share,
    hit_rate,
    max_drawdown_eur,
    allocation_share,
    left_out
from {{ source('lake', 'backtest_metrics') }}
