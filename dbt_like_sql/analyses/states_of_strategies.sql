-- Which strategies may trade on the last day decided, how much, since when and why? Sizes are shares of what a signal asks for.
select delivery_day, strategy, state, since, size, days, net_eur, t, why, way_back
from marts.strategy_states
where delivery_day = (select max(delivery_day) from marts.strategy_states)
order by size desc, strategy
