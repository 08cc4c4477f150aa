-- Each strategy over the settled days up to D, net of costs. Index studies carry no Sharpe.
{{ config(materialized='view', schema='staging') }}

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
from {{ source('lake', 'backtest_metrics') }}
