-- On which days did the book lose more against its expectation than its VaR, and through which leg? EUR.
select delivery_day, level, expected_pnl_eur, settled_pnl_eur, value_eur as var_eur, settled_cause, settled_cause_eur
from marts.risk_measures
where measure = 'var' and scope = 'book' and is_exception
order by delivery_day, level
