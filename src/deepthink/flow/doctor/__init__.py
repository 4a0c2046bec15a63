"""The checks of a site: one function each, which looks, changes nothing, and says what to do."""
