-- A decided position lies between its limits (a thousandth of a MW for the solver).
select delivery_day, zone, instrument, delivery_start, position_mw, lower_mw, upper_mw
from {{ ref('positions') }}
where position_mw < lower_mw - 0.001
    or position_mw > upper_mw + 0.001
