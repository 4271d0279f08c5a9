"""A lab as pytest fixtures."""
