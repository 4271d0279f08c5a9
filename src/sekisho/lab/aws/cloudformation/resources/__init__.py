"""The types of resources that stacks of the lab are made of, as calls of the lab's own operations."""
