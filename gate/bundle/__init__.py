"""Policy bundles: find, check, hash, and the catalogue of rules."""
