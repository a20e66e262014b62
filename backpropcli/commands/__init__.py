"""One file per command: read options, ask the api, hand a record to the registry of formats, exit."""
