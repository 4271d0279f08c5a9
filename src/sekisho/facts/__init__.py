"""What is known of accounts and clusters, as pure values."""
