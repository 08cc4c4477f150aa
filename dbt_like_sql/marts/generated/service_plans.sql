-- generated from the contract of service_plans: change energy_pipeline/contracts, then run `make docs`
-- Capacity sold to the grid operator beside energy, and the power and energy held back so that no call is ever short.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    service,
    delivery_start,
    resolution_minutes,
    capacity_mw,
    charge_mw,
    discharge_mw,
    state_of_charge_mwh,
    held_power_up_mw,
    held_power_down_mw,
    held_energy_up_mwh,
    held_energy_down_mwh
from {{ ref('stg_service_plans') }}
