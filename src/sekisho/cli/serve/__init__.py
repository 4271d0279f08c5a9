"""``sekisho serve``: single checkpoints for real clusters."""
