-- generated from the contract of objective_results: change energy_pipeline/contracts, then run `make docs`
-- What every rival would have made of the settled day (headline basis: proxy hedges earn nothing), and its regret.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    objective_name,
    pnl_eur,
    hindsight_pnl_eur,
    regret_eur,
    against_desk_eur
from {{ source('lake', 'objective_results') }}
