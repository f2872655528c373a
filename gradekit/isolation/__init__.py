"""Our side of the learner's process: template, exchange, stubs, session, doctor."""
