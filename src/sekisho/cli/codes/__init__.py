"""The pages of the reason codes: what a code means, how it comes about, and what to do."""
