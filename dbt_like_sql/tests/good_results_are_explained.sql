-- A Sharpe ratio above 3, or significance at 1 % after the count of trials, is explained in the desk file or a mistake.
select delivery_day, strategy, sharpe, deflated_probability
from {{ ref('backtest_metrics') }}
where verdict = 'unexplained'
   or (verdict not in ('explained', 'index_only') and (sharpe > 3 or deflated_probability > 0.99))
