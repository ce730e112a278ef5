"""All that this service writes, and what it reads to decide; one statement a function."""
