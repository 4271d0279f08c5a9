"""Questions to a snapshot: who can do what, and why not."""
