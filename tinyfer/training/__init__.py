"""How a network is trained: configuration, recipes, the loop, the folder a run leaves."""
