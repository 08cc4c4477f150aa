-- What factors explain and what they do not adds up to the whole, for every scope and kind of factors.
select delivery_day, scope, factor_kind, sum(share_of_variance) as share
from {{ ref('factor_exposures') }}
group by delivery_day, scope, factor_kind
having abs(sum(share_of_variance) - 1) > 1e-6
