{{ plan_targets_of(ref('int_vena_cells_placed')) }}
