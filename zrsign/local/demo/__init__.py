"""Every kind of request on real chains, each confirmed by its destination's own node."""
