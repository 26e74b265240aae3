"""Which job is next: priorities, deadlines, fair shares, nodes and versions."""
