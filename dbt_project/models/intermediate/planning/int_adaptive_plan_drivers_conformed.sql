{{ plan_drivers_of(ref('int_adaptive_cells_placed')) }}
