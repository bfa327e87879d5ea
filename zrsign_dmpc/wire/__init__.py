"""What parties say, as bytes: one canonical encoding, typed records, transcripts."""
