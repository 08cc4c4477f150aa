-- What did output that missed its expectation cost, per month and zone, and per MWh missed? EUR; negative is a cost.
select
    c.delivery_month, p.zone, sum(p.deviation_eur) as deviation_eur, sum(p.imbalance_fee_eur) as fee_eur,
    sum(abs(p.output_mw - p.acted_mw - p.expected_output_mw) * p.resolution_minutes / 60.0) as missed_mwh,
    (sum(p.deviation_eur) + sum(p.imbalance_fee_eur)) / nullif(missed_mwh, 0) as result_eur_per_mwh_missed
from marts.pnl as p
inner join marts.dim_calendar as c using (zone, delivery_start)
group by all
order by c.delivery_month, p.zone
