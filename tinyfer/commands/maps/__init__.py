"""What the command saliency draws and prints."""
