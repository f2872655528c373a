"""The same source for otter-grader and Gradescope, and what these carry with them."""
