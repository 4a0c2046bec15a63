"""People who do not exist, and a site that films them."""
