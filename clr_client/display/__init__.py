"""Jobs as figures and as progress, in a terminal or a notebook."""
