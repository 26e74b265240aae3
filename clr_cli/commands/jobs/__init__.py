"""Commands of ``clr`` that submit, read and control jobs."""
