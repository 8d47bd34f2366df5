{{ plan_entries_of(ref('int_adaptive_cells_placed')) }}
