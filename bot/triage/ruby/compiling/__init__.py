"""From the syntax tree to functions, a subject a file."""
