"""Power, cable and processes fail at every report and every commit; afterwards the books must be right."""
