"""Which mistake it is, once every verdict is fixed."""
