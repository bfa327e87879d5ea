"""What a log of a zrSign contract says, and when its block is final: for all who read them."""
