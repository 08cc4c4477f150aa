-- What did each zone earn in each month? EUR; headline leaves hedges at declared proxy quotes out.
select delivery_month, zone, days, headline_eur, total_eur
from marts.pnl_monthly
order by delivery_month, zone
