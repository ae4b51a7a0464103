"""The command line: one file per command, which parses, calls and prints. Heavy modules are imported when called."""
