"""Which group something concerns most: points for plain evidence."""
