"""The pytest plugin: fixtures that start a lab."""
