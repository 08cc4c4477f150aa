-- generated from the contract of forecast_models: change energy_pipeline/contracts, then run `make docs`
-- The day-ahead committee of D and its challengers: what each learnt from, its settings, recent error, weight and trial.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    model,
    family,
    weight,
    recent_mae_eur_mwh,
    recent_days,
    fitted_for,
    training_first_day,
    training_last_day,
    exogenous_columns,
    coalesce(features, '') as features,
    coalesce(left_out, '') as left_out,
    settings,
    coalesce(settings_from, '') as settings_from,
    seed,
    artefact,
    note,
    coalesce(role, 'member') as role,
    ensemble_mae_eur_mwh,
    changed_mae_eur_mwh,
    changed_p,
    coalesce(trial_days, 0) as trial_days
from {{ source('lake', 'forecast_models') }}
