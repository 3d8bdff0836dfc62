"""Networks that are trained: what they learn from, how, where, and what a benchmark makes of it.

A `LiveBenchmark` trains one network at a time (`trainer`, `training_recipe`, `training_store`) on
what a space states about it in a `LiveSetup`; data sets are in `images` and `speech`. `tabulate`
trains all architectures of a space, many at once (`training`, `recipe`, `layers`).

A *stacked* network is T independent networks in one module. Activations hold the networks side by
side along the channels, shape (batch, T * channels, height, width), so that a grouped convolution
and a batch normalisation work on all of them at once; every parameter and buffer has T equal
blocks along its first dimension, one a network. The mathematics of each network is unchanged.

`live_benchmark`, `setup`, `learning`, `search_task`, `tasks` and the recipes do not import torch.
"""
