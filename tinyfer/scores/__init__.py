"""What predictions are worth, in numbers and pictures."""
