-- Which share of the expected output was sold by contracts, in peak and off-peak hours of each delivery month? Above 1: more was sold than is expected.
select
    c.delivery_month, p.zone, c.is_peak,
    -sum(p.position_mwh) filter (p.instrument <> 'day_ahead') as sold_forward_mwh,
    sum(p.expected_output_mw * p.resolution_minutes / 60.0) filter (p.instrument = 'day_ahead') as expected_mwh,
    sold_forward_mwh / nullif(expected_mwh, 0) as hedge_ratio
from marts.positions as p
inner join marts.dim_calendar as c using (zone, delivery_start)
group by all
order by c.delivery_month, p.zone, c.is_peak
