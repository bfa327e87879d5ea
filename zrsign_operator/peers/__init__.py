"""The other operators: who they are, who is let in, what they say, and who is left out."""
