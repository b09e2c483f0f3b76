"""Every small change to the verification core, the time table and the permissions is noticed (`make mutate`)."""
