"""Reports of observers: from what each says it saw to content that enough of them agree on."""
