"""Pictures of jobs. `api.plots.figure` describes what to draw; matplotlib and Plotly are the two ways to draw it.

Importing this package does not load matplotlib.
"""
