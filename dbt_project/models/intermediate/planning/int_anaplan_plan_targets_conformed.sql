{{ plan_targets_of(ref('int_anaplan_cells_placed')) }}
