"""Settings of the property tests."""

from hypothesis import settings

# A first call compiles its kernel, which no deadline on single examples allows for.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
