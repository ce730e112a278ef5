"""What evaluation tells, kept to be shown to the school; nothing here decides anything."""
