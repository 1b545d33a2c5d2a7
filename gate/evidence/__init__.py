"""Evidence: JSON documents about subjects, and the collectors that make them."""
