-- A lower quantile is never above a higher one.
select delivery_day, zone, price_kind, model, delivery_start
from {{ ref('price_forecasts') }}
where q05_eur_mwh > q10_eur_mwh
    or q10_eur_mwh > q25_eur_mwh
    or q25_eur_mwh > q50_eur_mwh
    or q50_eur_mwh > q75_eur_mwh
    or q75_eur_mwh > q90_eur_mwh
    or q90_eur_mwh > q95_eur_mwh
