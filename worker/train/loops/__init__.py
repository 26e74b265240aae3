"""The loops of a rank: training, range test, probe, SWAP, and how they end."""
