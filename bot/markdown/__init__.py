"""What people have written by a template: sections of a Markdown text, and what they say."""
