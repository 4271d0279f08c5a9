"""World files: accounts, clusters and user pools as people write them, to facts and back."""
