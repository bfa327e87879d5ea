"""State: key-value stores, typed views of them, pages, and the durable tree of hashes below."""
