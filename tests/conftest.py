"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How long an example takes says nothing about the program: a busy machine must not fail a test.
settings.register_profile("sekisho", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sekisho")
