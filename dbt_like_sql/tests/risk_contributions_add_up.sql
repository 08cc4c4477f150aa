-- Euler contributions of each kind add up to the book's measure, to the cent.
select c.delivery_day, c.measure, c.level, c.component_kind, c.contribution_eur, m.value_eur
from (
    select delivery_day, measure, level, component_kind, sum(contribution_eur) as contribution_eur
    from {{ ref('risk_contributions') }}
    group by delivery_day, measure, level, component_kind
) as c
inner join {{ ref('risk_measures') }} as m
    on c.delivery_day = m.delivery_day
    and c.measure = m.measure
    and c.level = m.level
    and m.scope = 'book'
where abs(c.contribution_eur - m.value_eur) > 0.01
