-- How often does the price fall within the 90 % band, by hour of the local clock? Should be 0.9.
select f.zone, f.horizon_days, c.local_hour, count(*) as intervals, avg(f.is_inside_90::integer) as coverage_90
from marts.forecast_outcomes as f
inner join marts.dim_calendar as c using (zone, delivery_start)
where f.model = 'ensemble' and f.is_inside_90 is not null
group by all
order by f.zone, f.horizon_days, c.local_hour
