-- A lower quantile is never above a higher one.
select delivery_day, zone, price_kind, model, delivery_start
from {{ ref('price_forecasts') }}
where q01_eur_mwh > q05_eur_mwh
    or q05_eur_mwh > q10_eur_mwh
    or q10_eur_mwh > q15_eur_mwh
    or q15_eur_mwh > q20_eur_mwh
    or q20_eur_mwh > q25_eur_mwh
    or q25_eur_mwh > q30_eur_mwh
    or q30_eur_mwh > q35_eur_mwh
    or q35_eur_mwh > q40_eur_mwh
    or q40_eur_mwh > q45_eur_mwh
    or q45_eur_mwh > q50_eur_mwh
    or q50_eur_mwh > q55_eur_mwh
    or q55_eur_mwh > q60_eur_mwh
    or q60_eur_mwh > q65_eur_mwh
    or q65_eur_mwh > q70_eur_mwh
    or q70_eur_mwh > q75_eur_mwh
    or q75_eur_mwh > q80_eur_mwh
    or q80_eur_mwh > q85_eur_mwh
    or q85_eur_mwh > q90_eur_mwh
    or q90_eur_mwh > q95_eur_mwh
    or q95_eur_mwh > q99_eur_mwh
