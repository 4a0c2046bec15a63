"""MLflow's model registry: a mirror of the versions here, and a way in for those that another trainer has signed."""
