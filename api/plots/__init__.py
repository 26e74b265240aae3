"""Pictures of jobs: what is to be drawn, said once, and two ways to draw it. Importing this loads no matplotlib."""
