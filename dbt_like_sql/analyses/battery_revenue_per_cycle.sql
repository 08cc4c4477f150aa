-- What does a battery earn per full cycle? Realised margin after wear over energy discharged in capacities. EUR.
select
    s.asset,
    sum(s.margin_realised_eur) as margin_eur,
    sum(s.discharged_mwh / a.energy_mwh) as cycles,
    sum(s.margin_realised_eur) / nullif(sum(s.discharged_mwh / a.energy_mwh), 0) as margin_eur_per_cycle
from marts.dispatch_settled as s
inner join marts.dim_asset as a using (asset)
where a.asset_kind = 'battery'
group by s.asset
order by s.asset
