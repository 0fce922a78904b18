"""People by programs: who belongs where, what is called how, and what signs in as whom."""
