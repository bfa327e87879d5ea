"""What operators do together: who proposes what, when, and how it runs."""
