-- The legs of every part and scope leave at most one euro of the change unexplained.
select delivery_day, part, scope, value_eur
from {{ ref('pnl_attribution') }}
where leg = 'unexplained'
    and abs(value_eur) > 1
