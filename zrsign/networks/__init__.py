"""Networks that commands and programs work with: the local one, and those of profiles."""
