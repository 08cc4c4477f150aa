-- An index study never becomes a position, P&L or a Sharpe ratio.
select delivery_day, strategy
from {{ ref('signals') }}
where label = 'index_only' and target_mw <> 0
union all
select delivery_day, strategy
from {{ ref('backtest_metrics') }}
where label = 'index_only' and (sharpe is not null or pnl_eur is not null or pnl_day_eur is not null)
