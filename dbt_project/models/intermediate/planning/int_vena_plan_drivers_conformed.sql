{{ plan_drivers_of(ref('int_vena_cells_placed')) }}
