{{ plan_drivers_of(ref('int_planguru_cells_placed')) }}
