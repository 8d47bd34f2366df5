{{ plan_targets_of(ref('int_planguru_cells_placed')) }}
