"""The network and its proof: kernels, layers, model, losses, optimizers, gradient check."""
