-- generated from the contract of backtest_days: change energy_pipeline/contracts, then run `make docs`
-- Each strategy day by day over the settled days up to D: gross, costs, equity curve, drawdown.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    strategy,
    result_day,
    label,
    gross_eur,
    cost_eur,
    net_eur,
    traded_mwh,
    equity_gross_eur,
    equity_net_eur,
    drawdown_eur,
    index_points_eur_mwh
from {{ source('lake', 'backtest_days') }}
