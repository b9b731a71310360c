"""Ubuntu's official images: fetched, and taken only with a good signature."""
