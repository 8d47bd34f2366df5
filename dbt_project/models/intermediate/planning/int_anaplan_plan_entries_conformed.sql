{{ plan_entries_of(ref('int_anaplan_cells_placed')) }}
