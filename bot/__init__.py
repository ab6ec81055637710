"""sectionbot: runs the processes of a large engineering section inside GitLab."""
