"""The live training engine: recipes, tasks, and networks trained many at once.

A *stacked* network is T independent networks in one module. Activations hold the networks side by
side along the channels, shape (batch, T * channels, height, width), so that a grouped convolution
and a batch normalisation work on all of them at once; every parameter and buffer has T equal
blocks along its first dimension, one a network. The mathematics of each network is unchanged.

`recipe`, `tasks` and `search_task` do not import torch; the other modules do.
"""
