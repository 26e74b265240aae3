"""Figures as SVG and PNG, rendered by matplotlib."""
