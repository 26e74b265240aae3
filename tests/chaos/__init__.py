"""Chaos: real faults on a seeded schedule against a whole stack, and a checker that is a program of its own."""
