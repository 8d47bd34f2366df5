{{ plan_entries_of(ref('int_vena_cells_placed')) }}
