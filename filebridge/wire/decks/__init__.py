"""Input decks: an existing one cut at the places that are replaced, and Fortran namelists."""
