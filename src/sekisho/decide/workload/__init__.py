"""Pod to AWS: what admission puts into a pod so that its containers are somebody to AWS."""
