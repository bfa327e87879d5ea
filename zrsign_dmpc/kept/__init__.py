"""What a party keeps between executions: key shares, their epochs, and what was used already."""
