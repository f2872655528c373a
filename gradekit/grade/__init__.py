"""One submission, and a class of them: take in, judge, record."""
