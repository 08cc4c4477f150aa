-- generated from the contract of expectation_record: change energy_pipeline/contracts, then run `make docs`
-- Expected against settled over the settled days up to D: the book's P&L, and the published mean price by zone and lead group.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    quantity,
    zone,
    lead_group,
    unit,
    days,
    expected,
    settled,
    difference,
    hac_t,
    p_value,
    p_holm,
    rmse,
    allowed,
    verdict,
    rmse_naive,
    skill,
    skill_t
from {{ ref('stg_expectation_record') }}
