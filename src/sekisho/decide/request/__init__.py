"""What is asked: an AWS or Kubernetes request as the attributes that the languages decide on."""
