"""Tools for HTML: pages, mathematics, learners' text, pictures."""
