{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    strategy,
    label,
    days,
    pnl_eur,
    pnl_day_eur,
    index_points_eur_mwh,
    sharpe,
    hit_rate,
    max_drawdown_eur
from {{ ref('stg_backtest_metrics') }}
