"""What results can be written as: the registry of formats, and the writers of those that suit many commands."""
