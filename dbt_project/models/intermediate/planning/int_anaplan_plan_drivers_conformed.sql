{{ plan_drivers_of(ref('int_anaplan_cells_placed')) }}
