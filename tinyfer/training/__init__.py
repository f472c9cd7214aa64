"""How a network is trained: configuration, recipes, the loop, and the folder a run leaves behind."""
