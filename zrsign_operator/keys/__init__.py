"""What an operator holds of its keys: sealed on its disk, through changes, restores and losses."""
