{{ plan_entries_of(ref('int_planguru_cells_placed'), 'phasing_method') }}
