"""Plots of jobs. `api.plots.figure` describes what to draw; matplotlib and Plotly render it.

Importing this package does not load matplotlib.
"""
