-- Net output is what is given less what is taken.
select delivery_day, asset, delivery_start, net_mw
from {{ ref('dispatch') }}
where abs(discharge_mw - charge_mw - net_mw) > 0.000001
