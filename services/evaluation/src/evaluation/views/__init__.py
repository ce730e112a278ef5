"""What GETs show: read-only SQL straight into the shapes that are answered; nothing is decided from these."""
