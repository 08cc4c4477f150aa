-- What does a MWh of each plant earn at the day-ahead price, against the mean price of the same hours? EUR/MWh; rate below 1: it produces when power is cheap.
select
    r.plant, p.plant_kind, p.technology, sum(r.output_mwh) as output_mwh,
    sum(r.physical_eur) / nullif(sum(r.output_mwh), 0) as capture_price_eur_mwh,
    sum(r.price_da_eur_mwh * r.resolution_minutes) / sum(r.resolution_minutes) as base_price_eur_mwh,
    capture_price_eur_mwh / nullif(base_price_eur_mwh, 0) as capture_rate
from marts.plant_results as r
inner join marts.dim_plant as p using (plant)
group by all
order by r.plant
