-- In which hours of the local clock is the price forecast good? EUR/MWh, by zone, model and lead.
select f.zone, f.model, f.horizon_days, c.local_hour, count(*) as intervals, avg(abs(f.error_eur_mwh)) as mae_eur_mwh, avg(f.error_eur_mwh) as bias_eur_mwh
from marts.forecast_outcomes as f
inner join marts.dim_calendar as c using (zone, delivery_start)
where f.outcome_eur_mwh is not null
group by all
order by f.zone, f.model, f.horizon_days, c.local_hour
