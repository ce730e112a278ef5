"""The events the services tell each other, and the envelope they travel in."""
