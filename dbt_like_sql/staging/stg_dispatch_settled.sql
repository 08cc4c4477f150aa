-- generated from the contract of dispatch_settled: change energy_pipeline/contracts, then run `make docs`
-- What each flexible asset earned, sequential ones on the second price, beside intrinsic, rolling intrinsic and foresight.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    information,
    margin_expected_eur,
    margin_realised_eur,
    margin_intrinsic_eur,
    margin_rolling_intrinsic_eur,
    margin_foresight_eur,
    margin_blocks_eur,
    discharged_mwh,
    share_of_foresight
from {{ source('lake', 'dispatch_settled') }}
