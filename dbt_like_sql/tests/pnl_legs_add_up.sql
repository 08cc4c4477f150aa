-- The legs of the settled P&L add up to its total, to the cent.
select delivery_day, zone, delivery_start, total_eur
from {{ ref('pnl') }}
where abs(
    physical_eur + deviation_eur + speculative_eur + imbalance_fee_eur + hedge_eur + hedge_proxy_eur + costs_eur
    - total_eur
) > 0.005
