"""The faults, each a function of the rig, and the table that names them."""
