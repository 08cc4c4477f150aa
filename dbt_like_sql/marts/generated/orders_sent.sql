-- generated from the contract of orders_sent: change energy_pipeline/contracts, then run `make docs`
-- In which form each auction battery's orders of D are sent: what the desk asks for, what is sent, and what each form would earn.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    asked,
    form,
    expected_eur,
    plan_eur,
    curve_eur,
    blocks_eur,
    why
from {{ ref('stg_orders_sent') }}
