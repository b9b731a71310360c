"""Where machines are made: one target, or several with names. Here: what is written of them, and their rules."""
