"""Who is who: records of firms and persons of every system, resolved to one lasting id."""
